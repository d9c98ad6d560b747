"""The data of a pack as a stream, whose faults are told in sentences."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import tarfile
from typing import IO, TYPE_CHECKING, Any, cast

from zlib_ng import gzip_ng, zlib_ng

from rpz.packer.archive.codecs import BLOCK, zstd
from rpz.packer.archive.container import DAMAGE, IN_TAR
from rpz.packer.archive.format import DamagedPackError, PackError
from rpz.packer.archive.info import StrictInfo
from rpz.packer.archive.limits import too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self


PIECE = 1 << 16
"""Bytes that tarfile asks for: it copies what it has left of them with each header."""
READS_AT_THE_END = 16
"""More than tarfile needs to see that an archive has ended, with or without the blocks for that."""


class DataTar(tarfile.TarFile):
    """A tar that says in a sentence what is wrong with it, and passes over what isn't packed."""

    tarinfo = StrictInfo
    rpz_name = ""
    limit: int | None = None
    rest: io.RawIOBase | None = None

    def next(self) -> tarfile.TarInfo | None:
        """Return the next packed member."""
        try:
            info = super().next()
            while info is not None and not self._is_packed(info):
                cast("Any", self).members.clear()
                info = super().next()
        except (*DAMAGE, RecursionError):
            raise damaged_data(self.rpz_name) from None
        return info

    def _is_packed(self, _info: tarfile.TarInfo) -> bool:
        return True

    def drain(self) -> None:
        """Read what follows the last member: there the check-sums are.

        Who makes something of the members does so before he completes it.

        Raises:
            PackError: they are wrong, or there is too much.

        """
        while self.rest is not None and self.rest.read(BLOCK):
            pass


class OldTar(DataTar):
    """The outer tar of a pack of version 1, in which the packed files are among others."""

    def _is_packed(self, info: tarfile.TarInfo) -> bool:
        return info.name.startswith(IN_TAR)


class _Unzipped(io.RawIOBase):
    """Unzips the data, and turns what the unzipper raises into an error of ours."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name

    def read(self, size: int = -1) -> bytes:
        try:
            return bytes(self._file.read(size))
        except (*DAMAGE, zlib_ng.error, zstd().ZstdError):
            raise damaged_data(self._name) from None
        except OSError as error:
            if error.errno is not None:  # bz2's have none
                raise
            raise damaged_data(self._name) from None

    def __enter__(self) -> Self:
        return self


def _unzstd(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", zstd().open(file, "rb"))


def _unxz(file: IO[bytes]) -> IO[bytes]:
    return lzma.LZMAFile(file)


def _unbz2(file: IO[bytes]) -> IO[bytes]:
    return bz2.BZ2File(file)


def _gunzip(file: IO[bytes]) -> IO[bytes]:
    return gzip_ng.open(file, "rb")


MAGIC: tuple[tuple[bytes, Callable[[IO[bytes]], IO[bytes]]], ...] = (
    (b"\x1f\x8b", _gunzip),
    (b"\x28\xb5\x2f\xfd", _unzstd),
    (b"\xfd7zXZ\0", _unxz),
    (b"BZh", _unbz2),
)
"""What compressed data begin with, and what reads them: ReproZip takes any that Python knows."""


def unzipped(file: IO[bytes], name: str) -> io.RawIOBase:
    """Return the tar of the data, whatever its compression."""
    begin = file.read(8)
    file.seek(0)
    for magic, opener in MAGIC:
        if begin.startswith(magic):
            return _Unzipped(opener(file), name)
    return _Unzipped(file, name)


class _Ending(io.RawIOBase):
    """A stream that has an end: tarfile reads on there for a member that claims 2**60 bytes.

    Of one that goes on and on, as a compressed file can, it is where the limit is.
    """

    def __init__(self, stream: io.RawIOBase, name: str, limit: int) -> None:
        self._stream = stream
        self._name = name
        self._limit = self._left = limit
        self._reads_at_the_end = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if not data:
            self._reads_at_the_end += 1
            if self._reads_at_the_end > READS_AT_THE_END:
                raise damaged_data(self._name)
            return b""
        self._left -= len(data)
        if self._left < 0:
            raise too_large(self._name, self._limit)
        return data


@contextlib.contextmanager
def opened_data(
    stream: io.RawIOBase, name: str, kind: type[DataTar] = DataTar, *, limit: int
) -> Iterator[DataTar]:
    """Open a tar for one pass; read it to its end, where check-sums are, on leaving.

    It may have no more than ``limit`` bytes.

    Raises:
        PackError: it is damaged.

    """
    ending = _Ending(stream, name, limit)
    try:
        tar = kind.open(
            fileobj=cast("Any", ending), mode="r|", bufsize=PIECE, errors="surrogateescape"
        )
    except (PackError, tarfile.TarError, RecursionError):
        raise damaged_data(name) from None
    tar.rpz_name, tar.limit, tar.rest = name, limit, ending
    with tar:
        yield tar
    tar.drain()


def damaged_data(name: str) -> PackError:
    """Return the error for data that can't be read."""
    return DamagedPackError(name)


def zipped_metadata(file: IO[bytes]) -> IO[bytes]:
    """Return what a metadata file holds that was stored compressed."""
    return cast("IO[bytes]", gzip.open(file))
