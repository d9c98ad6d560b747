"""Unpackers: make an experiment run again from its pack (``docs/adding-an-unpacker.md``).

An unpacker is a module that satisfies :class:`Unpacker`; :data:`UNPACKERS` is the whole registry.
"""

from __future__ import annotations

import importlib
from typing import IO, TYPE_CHECKING, Protocol, cast

from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rpaths import PosixPath

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choice, Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

UNPACKERS = {
    "chroot": "rpz.unpackers.chroot",
    "directory": "rpz.unpackers.directory",
    "docker": "rpz.unpackers.docker",
    "oci": "rpz.unpackers.oci",
    "apptainer": "rpz.unpackers.apptainer",
}
"""The modules by name, the simplest first; each is imported only when it is needed."""


class Unpacker(Protocol):
    """What a module must have to be an unpacker; the first line of its docstring is its help."""

    NAME: str
    CHOICES: Sequence[Choice]
    """The options that ``rpz unpack NAME`` has for it alone."""

    def unpack(self, pack: Pack, folder: Path, choices: Choices) -> Target | None:
        """Make the target ``folder``, which mustn't exist yet, of a pack: all of it or nothing.

        ``choices`` has names of :attr:`CHOICES` only. None: what was made isn't a target that rpz
        runs, but a file or folder for other tools.
        """

    def run(self, target: Target, job: Job) -> int:
        """Perform a job and return its status in a shell's terms.

        The experiment has this process's standard streams (a terminal where all of ours are one)
        and gets the signals that it gets.
        """

    def reset(self, target: Target) -> None:
        """Bring all files back to what was unpacked: the pack's (:mod:`rpz.unpackers.origin`).

        All of it or nothing; what the backend made for the target besides stays as it was made.

        Raises:
            TargetError: what is needed for it is gone, or the target is being run.

        """

    def changes(self, target: Target) -> Iterator[bytes]:
        """Yield the absolute paths of what isn't a folder and was made or changed since unpacking.

        What is only rpz's or the kernel's (``/.rpz``, ``/proc``, ``/dev``, ``/sys``) isn't among
        them. What was removed isn't either.
        """

    def upload(
        self, target: Target, path: PosixPath, source: IO[bytes], *, may_be_new: bool
    ) -> None:
        """Replace the file at an absolute path with what an open regular file contains.

        Owner and mode stay as they are; a new file is the first run's user's.

        Raises:
            NoSuchFileInTargetError: the file, or its folder, doesn't exist; for a file only where
                it may not be new.
            NotAFileError: there is something else.

        """

    def download(self, target: Target, path: PosixPath, out: IO[bytes]) -> None:
        """Write the content of the file at an absolute path to ``out``.

        Raises:
            NoSuchFileInTargetError: there is no such file; nothing was written.
            NotAFileError: there is something else.

        """

    def destroy(self, target: Target) -> None:
        """Remove the target and everything that was made for it elsewhere.

        Its folder may be gone already; then ``target`` has no runs, but its ``data``.
        """


def load(name: str) -> Unpacker:
    """Import an unpacker by its name in :data:`UNPACKERS`.

    Raises:
        TargetError: this version of rpz has no such unpacker.

    """
    if name not in UNPACKERS:
        raise TargetError(f"There is no unpacker {name!a}", f"There are: {', '.join(UNPACKERS)}")
    return cast("Unpacker", importlib.import_module(UNPACKERS[name]))


def summary(name: str) -> str:
    """Return the first line of an unpacker's docstring."""
    return (importlib.import_module(UNPACKERS[name]).__doc__ or "").partition("\n")[0]
