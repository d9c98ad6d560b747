"""The engines: programs that run a command and write a record stream of what it does.

One engine is one function that returns the command line ``ENGINE [OPTION...] OUTPUT --
COMMAND...`` up to and including ``--``. The program exits as the command did; with 125 when it
failed itself, 126 or 127 when the command could not be executed or found, and it says why.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import rpz
from rpz.errors import RpzError
from rpz.process import installed_program
from rpz.tracer.acceleration import Acceleration

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class EngineOptions:
    """What an engine is told; every engine takes all of it.

    ``snapshots``: an empty folder, for copies of the files that the run changes (None: no copies
    are made); ``snapshot_limit``: the greatest size in bytes of a file that is copied;
    ``allow_io_uring``: programs may use it, and what they open through it is missed;
    ``stops_only``: no program's calls are told of by seccomp's user notification, so that programs
    may use that themselves (the reference engine never does), and none is accelerated;
    ``wait_daemons``: follow what the command has started to its end, also after the command's own;
    ``acceleration``: which processes are accelerated (the reference engine never does);
    ``sites``: a folder of the user's own for what was found in libraries (None: nothing is kept).
    """

    snapshots: Path | None = None
    snapshot_limit: int = 4 << 30  # as rpz trace --snapshot-limit
    allow_io_uring: bool = False
    stops_only: bool = False
    wait_daemons: bool = False
    acceleration: Acceleration = Acceleration.AUTO
    sites: Path | None = None

    @property
    def arguments(self) -> list[str]:
        """These options as an engine takes them."""
        arguments = ["-u"] if self.allow_io_uring else []
        if self.stops_only:
            arguments.append("-n")
        if self.wait_daemons:
            arguments.append("-w")
        if self.snapshots is not None:
            arguments += ["-s", str(self.snapshots), "-l", str(self.snapshot_limit)]
        return arguments


DEFAULTS = EngineOptions()


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
    if program := installed_program("rpz-tracer"):
        return program
    raise NoTracerError


def native(output: Path, options: EngineOptions = DEFAULTS) -> list[str]:
    """Return the command line of the compiled tracer."""
    return [str(find_tracer()), *_acceleration(options), *_arguments(output, options)]


def python(output: Path, options: EngineOptions = DEFAULTS) -> list[str]:
    """Return the command line of the reference engine, on python-ptrace: slow and simple."""
    command = [sys.executable, "-c", _START_REFERENCE, str(_PACKAGE.parent)]
    return [*command, *_arguments(output, options)]


def _acceleration(options: EngineOptions) -> list[str]:
    if options.stops_only or options.acceleration is Acceleration.OFF:
        return ["-a", Acceleration.OFF.word]
    kept = ["-c", str(options.sites)] if options.sites is not None else []
    return ["-a", options.acceleration.word, *kept]


def _arguments(output: Path, options: EngineOptions) -> list[str]:
    # What this process was started with: Python may have added to os.environ since (PEP 538), and
    # has no place for entries without "=".
    environment = ["-e", f"/proc/{os.getpid()}/environ"]
    return [*environment, *options.arguments, str(output), "--"]


_PACKAGE = Path(rpz.__file__).parent
_START_REFERENCE = (
    # As `python -m rpz.tracer.reference`, but that the working folder, which may have files like
    # `signal.py`, is not where Python looks for modules.
    "import sys; sys.path = [*filter(None, sys.path), sys.argv.pop(1)];"
    "from rpz.tracer.reference.__main__ import main; sys.exit(main(sys.argv[1:]))"
)


ENGINES: dict[str, Callable[[Path, EngineOptions], list[str]]] = {
    "native": native,
    "python": python,
}
