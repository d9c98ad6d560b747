"""The apptainer that is installed, if one is; its older name is singularity."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from rpz.process import output_of
from rpz.unpackers.apptainer.definition import FILE, IMAGE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = ("apptainer", "singularity")
PACKAGE = "apptainer"
NO_NETWORK = ("--net", "--network", "none")
OPTIONS = ("--writable", "--pid", "--ipc", "--cleanenv", "--no-home")
NOT_MOUNTED = ("--no-mount", "home,tmp,cwd,hostfs")
"""Of the machine's folders, those that would hide packed files."""


def installed() -> str | None:
    """Return the name of what is installed."""
    return next(filter(shutil.which, NAMES), None)


def build(program: str, folder: Path) -> None:
    """Make the image of a target.

    Raises:
        CommandFailedError: it can't be made; the last line that was printed is in the message.

    """
    output_of([program, "build", IMAGE, FILE], package=PACKAGE, folder=folder)


def command(program: str, root: Path, index: int, *, network: bool) -> list[str | Path]:
    """Return what performs a run in the sandbox; what it writes stays there."""
    isolation = (*OPTIONS, *NOT_MOUNTED, *(() if network else NO_NETWORK))
    return [program, "--silent", "exec", *isolation, root.resolve(), "/.rpz/init", str(index)]


def start(argv: Sequence[str | Path], streams: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start it; it passes signals on to the program."""
    stdin, stdout, stderr = streams or (None, None, None)
    return subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr)
