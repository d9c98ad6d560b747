"""Say how much room a pack needs, when there is too little."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, BinaryIO

from rpz.packer.archive.format import PackError
from rpz.packer.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.packer.archive.data import Progress

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Room:
    """Knows how far a pack of files of ``size`` bytes got; ``progress`` is told what was read."""

    def __init__(self, size: int, progress: Progress) -> None:
        """Begin."""
        self._size = size
        self._progress = progress
        self._read = 0
        self._written = 0

    def count(self, count: int) -> None:
        """Take note of bytes that were read."""
        self._read += count
        self._progress(count)

    @contextlib.contextmanager
    def told(self, target: Path) -> Iterator[None]:
        """Tell how much room the pack would have taken, if there is none.

        Raises:
            PackError: there was no room.

        """
        try:
            yield
        except OSError as error:
            if error.filename is not None:  # it says itself what it is about
                raise
            needed = f"; {self._needed()}" if error.errno in NO_ROOM else ""
            raise PackError(
                f"{target} can't be written: {error.strerror}{needed}",
                "Make room, or choose another place",
            ) from error

    @contextlib.contextmanager
    def measured(self, file: BinaryIO) -> Iterator[None]:
        """Remember how large the file became."""
        try:
            yield
            file.flush()
            os.fsync(file.fileno())  # which may be what finds that there is no room
        finally:
            self._written = os.fstat(file.fileno()).st_size

    def _needed(self) -> str:
        """Say what the whole takes, if what is still to be read shrinks as what was read did."""
        if not self._written or self._read * 10 < self._size:
            return f"it may need up to {human_size(self._size)}"
        whole = self._written * self._size // max(self._read, 1)
        return f"it needs about {human_size(max(whole, self._written))}"
