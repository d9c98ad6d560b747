"""Find a file of an experiment below its root, as the experiment would, and never outside."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINKS = 40
"""Symbolic links that are followed before a path is called a loop: the kernel's number."""
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def parent_of(root: Path, path: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the open folder in which an absolute path ends, and the name there.

    The name itself is no symbolic link; it may not exist. Of the root itself, ``..`` and absolute
    links lead to the root again.

    Raises:
        FileNotFoundError, NotADirectoryError, OSError (ELOOP): a folder on the way isn't one.

    """
    walk = _Walk(root)
    try:
        yield walk.go(path)
    finally:
        walk.close()


class _Walk:
    """A walk down from the root; the folders from it to the present place are open."""

    def __init__(self, root: Path) -> None:
        self._folders = [os.open(root, FOLDER)]
        self._links = 0

    def close(self) -> None:
        while self._folders:
            os.close(self._folders.pop())

    def go(self, path: bytes) -> tuple[int, bytes]:
        """Walk to the end of a path, but for its last name."""
        left = path.split(b"/")[::-1]
        name = b"."
        while left:
            name = left.pop()
            if name in (b"", b"."):
                continue
            if name == b"..":
                self._up()
            elif (link := self._link(name)) is not None:
                self._follow(link, left)
            elif not any(part not in (b"", b".") for part in left):
                return self._folders[-1], name
            else:
                self._folders.append(os.open(name, FOLDER, dir_fd=self._folders[-1]))
        return self._folders[-1], b"."

    def _up(self) -> None:
        if len(self._folders) > 1:
            os.close(self._folders.pop())

    def _link(self, name: bytes) -> bytes | None:
        try:
            return os.readlink(name, dir_fd=self._folders[-1])
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.EINVAL:  # it exists and is no link
                return None
            raise

    def _follow(self, link: bytes, left: list[bytes]) -> None:
        self._links += 1
        if self._links > LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), link)
        if link.startswith(b"/"):
            while len(self._folders) > 1:
                self._up()
        left.extend(link.split(b"/")[::-1])
