"""A member of the archive as a file, whose faults are told in sentences."""

from __future__ import annotations

import contextlib
import errno
import io
from typing import IO, TYPE_CHECKING

from rpz.packer.archive.container import DAMAGE
from rpz.packer.archive.format import DamagedPackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what Python's modules raise for a damaged archive into an error of ours.

    Raises:
        PackError: the archive is damaged.

    """
    try:
        yield
    except DAMAGE:
        raise DamagedPackError(path) from None
    except OSError as error:
        # A place before the beginning of the file; bz2's have no number
        if error.errno not in (errno.EINVAL, None):
            raise
        raise DamagedPackError(path) from None


class Part(io.RawIOBase):
    """An open member."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        """Read from ``file``, which is of the archive ``path``."""
        self._file = file
        self._path = path

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes."""
        with in_words(self._path):
            return self._file.read(size)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as it goes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        with in_words(self._path):
            return self._file.seek(place, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: all archives that are read are files."""
        return True

    def close(self) -> None:
        """Close it."""
        self._file.close()
        super().close()
