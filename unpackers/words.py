"""What a run is executed with, as the bytes that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.unpackers.withheld import without_withheld

if TYPE_CHECKING:
    from rpz.packer.config.model import Run


def encoded(text: str) -> bytes:
    """Return the experiment's text as the bytes that it was."""
    return text.encode("utf-8", "surrogateescape")


def environment(run: Run) -> list[bytes]:
    """Return a run's environment as ``execve`` wants it, without what was withheld of it."""
    given = without_withheld(run.environ)
    return [encoded(f"{name}={value}") for name, value in given.items()]


def program_path(run: Run) -> bytes:
    """Return the path by which a run's program is executed, from its working folder.

    As a shell does: a name with a slash is the path as it was spelt, which a script gets to know.
    """
    spelt = encoded(run.argv[0]) if run.argv else b""
    is_spelt = b"/" in spelt and PosixPath(run.workingdir, spelt) == run.binary
    return spelt if is_spelt else run.binary.path
