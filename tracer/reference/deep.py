"""Files whose path is longer than a system call takes, as of a folder that was entered in steps."""

# ruff: noqa: PTH115 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH_MAX = 4096
"""What a system call takes, the NUL at the end included."""
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def lstat(path: bytes) -> os.stat_result:
    """Do as :func:`os.lstat` with an absolute path of any length."""
    with _reached(path) as (rest, folder):
        return os.stat(rest, dir_fd=folder, follow_symlinks=False)


def readlink(path: bytes) -> bytes:
    """Do as :func:`os.readlink` with an absolute path of any length."""
    with _reached(path) as (rest, folder):
        return os.readlink(rest, dir_fd=folder)


def open_file(path: bytes) -> BinaryIO:
    """Open the file of an absolute path of any length for reading."""
    with _reached(path) as (rest, folder):
        return os.fdopen(os.open(rest, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder), "rb")


@contextlib.contextmanager
def open_folder(path: bytes | int) -> Iterator[int]:
    """Open a folder for reading, of any length or that is only held; yields the descriptor."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    with contextlib.ExitStack() as stack:
        rest, folder = (
            (b".", path) if isinstance(path, int) else stack.enter_context(_reached(path))
        )
        descriptor = os.open(rest, flags, dir_fd=folder)
        stack.callback(os.close, descriptor)
        yield descriptor


@contextlib.contextmanager
def _reached(path: bytes) -> Iterator[tuple[bytes, int | None]]:
    """Yield the end of a path and the folder that it is in; the whole path and None if short."""
    if len(path) < PATH_MAX:
        yield path, None
        return
    folder, rest = os.open(b"/", FOLDER), path[1:]
    try:
        while len(rest) >= PATH_MAX:
            first, _, _ = rest[: PATH_MAX - 1].rpartition(b"/")
            rest = rest[len(first) + 1 :]
            folder = _replaced(folder, os.open(first or b".", FOLDER, dir_fd=folder))
        yield rest, folder
    finally:
        os.close(folder)


def _replaced(old: int, new: int) -> int:
    os.close(old)
    return new


class DeepFolders:
    """The paths of folders that the kernel can't tell: found from the names in those above."""

    def __init__(self) -> None:
        """Start with none found."""
        self._last: tuple[os.stat_result, bytes] | None = None
        """Who works there asks for it at each call; who goes on to the next is one step away."""

    def path_of(self, link: bytes) -> bytes | None:
        """Return the path of the folder behind a link of ``/proc``; None: it has none."""
        try:
            folder = os.open(link, FOLDER)
        except OSError:
            return None
        try:
            start = os.fstat(folder)
            path = self._climb(os.dup(folder))
        finally:
            os.close(folder)
        if path is not None:
            self._last = start, path
        return path

    def _climb(self, folder: int) -> bytes | None:
        names: list[bytes] = []
        try:
            while (known := self._known(folder)) is None:
                child = os.fstat(folder)
                folder = _replaced(folder, os.open(b"..", FOLDER, dir_fd=folder))
                names.append(_name_in(folder, child))
        except (OSError, LookupError):
            return None
        finally:
            os.close(folder)
        return b"/".join([known.rstrip(b"/"), *reversed(names)])

    def _known(self, folder: int) -> bytes | None:
        status = os.fstat(folder)
        with contextlib.suppress(OSError):
            if self._last and os.path.samestat(status, self._last[0]):
                path = self._last[1]
                return path if os.path.samestat(status, lstat(path)) else None
        with contextlib.suppress(OSError):
            path = os.readlink(b"/proc/self/fd/%d" % folder)
            return path if os.path.samestat(status, os.lstat(path)) else None
        return None


def _name_in(parent: int, child: os.stat_result) -> bytes:
    """Return the name of a folder in its parent.

    Raises:
        LookupError: it has none there any more.

    """
    with open_folder(parent) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if os.path.samestat(entry.stat(follow_symlinks=False), child):
                    return os.fsencode(entry.name)
    raise LookupError
