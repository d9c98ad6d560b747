"""The data of a pack as a stream, whose faults are told in sentences."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
from tarfile import (  # type: ignore[attr-defined]  # the first is not in the stubs
    EOFHeaderError,
    HeaderError,
    ReadError,
)
from typing import IO, TYPE_CHECKING

from zlib_ng import gzip_ng, zlib_ng

from rpz.packer.archive.format import PackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

BLOCK = 1 << 18


class _Info(tarfile.TarInfo):
    """A header; one that is not sound is an error, where tarfile would take it for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except EOFHeaderError:
            raise
        except HeaderError as error:
            raise ReadError(str(error)) from None


class DataTar(tarfile.TarFile):
    """A tar that says in a sentence what is wrong with it."""

    tarinfo = _Info
    rpz_name = ""

    def next(self) -> tarfile.TarInfo | None:
        """Return the next member."""
        try:
            return super().next()
        except (tarfile.TarError, ValueError, OverflowError, EOFError, RecursionError):
            raise damaged_data(self.rpz_name) from None


class _Unzipped(io.RawIOBase):
    """Unzips the data, and turns what the unzipper raises into an error of ours."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = gzip_ng.open(file, "rb")
        self._name = name

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self._file.read(size))
        except (zlib_ng.error, gzip.BadGzipFile, EOFError, tarfile.TarError):
            raise damaged_data(self._name) from None

    def __enter__(self) -> Self:
        return self


@contextlib.contextmanager
def opened_data(file: IO[bytes], name: str) -> Iterator[DataTar]:
    """Open a ``DATA.tar.gz`` for one pass; read it to its end, where its check-sum is, on leaving.

    Raises:
        PackError: it is damaged.

    """
    stream = _Unzipped(file, name)
    try:
        tar = DataTar.open(fileobj=stream, mode="r|", bufsize=BLOCK, errors="surrogateescape")
    except (PackError, tarfile.TarError):
        raise damaged_data(name) from None
    tar.rpz_name = name
    with tar:
        yield tar
    while stream.read(BLOCK):
        pass


def damaged_data(name: str) -> PackError:
    """Return the error for data that can't be read."""
    return PackError(f"{name} is damaged or cut short", "Copy or download it again")
