"""The engines: programs that run a command and write a record stream of what it does.

One engine is one function that returns the command line ``ENGINE OUTPUT -- COMMAND...`` up to and
including ``--``. The program exits as the command did; with 125 when it failed itself, 126 or 127
when the command could not be executed or found, and it says why.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Callable


class NoTracerError(RpzError):
    """The compiled tracer is not installed."""

    def __init__(self) -> None:
        """Name the ways out."""
        super().__init__(
            "This installation of rpz has no compiled tracer (rpz-tracer)",
            "Install rpz on Linux with a C compiler, or trace with --engine python",
        )


def find_tracer() -> Path:
    """Return the compiled tracer: ``$RPZ_TRACER``, or the one installed with this package.

    Raises:
        NoTracerError: there is none.

    """
    if chosen := os.environ.get("RPZ_TRACER"):
        return Path(chosen)
    for scheme in (sysconfig.get_default_scheme(), "posix_user"):
        program = Path(sysconfig.get_path("scripts", scheme), "rpz-tracer")
        if program.is_file():
            return program
    if found := shutil.which("rpz-tracer"):
        return Path(found)
    raise NoTracerError


def native(output: Path) -> list[str]:
    """Return the command line of the compiled tracer."""
    # What this process was started with: Python may have added to os.environ since (PEP 538), and
    # has no place for entries without "=".
    environment = f"/proc/{os.getpid()}/environ"
    return [str(find_tracer()), "-e", environment, str(output), "--"]


def python(output: Path) -> list[str]:
    """Return the command line of the reference engine, on python-ptrace: slow and simple."""
    return [sys.executable, "-m", "rpz.tracer.reference", str(output), "--"]


ENGINES: dict[str, Callable[[Path], list[str]]] = {"native": native, "python": python}
