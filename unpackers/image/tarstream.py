"""A tar archive as a stream of bytes, made and read while it passes."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from rpz.packer.archive.blockheader import header_bytes
from rpz.packer.archive.headers import exact_seconds
from rpz.unpackers.members import BLOCK, SECOND, Kind, Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["END", "Incoming", "entry", "exact_seconds", "file", "header", "in_blocks", "packed"]

END = bytes(2 * tarfile.BLOCKSIZE)
"""What ends an archive."""


_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.FOLDER: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
}


def packed(member: Member) -> tarfile.TarInfo:
    """Return what tells of a packed file, with its time to the nanosecond."""
    info = tarfile.TarInfo(_text(b"/".join(member.path)))
    info.type = _TYPES[member.kind]
    info.mode = member.mode
    info.uid, info.gid = member.uid, member.gid
    info.size = member.size
    info.linkname = _text(member.link)
    info.mtime = member.mtime // SECOND
    if member.mtime % SECOND:
        info.pax_headers = {"mtime": exact_seconds(member.mtime)}
    return info


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def header(info: tarfile.TarInfo) -> bytes:
    """Return what comes before a member's content."""
    return header_bytes(info)


def entry(info: tarfile.TarInfo, content: Iterable[bytes] = ()) -> Iterator[bytes]:
    """Yield a member: its header, its content of ``info.size`` bytes, padding."""
    yield header(info)
    yield from content
    yield bytes(-info.size % tarfile.BLOCKSIZE)


def file(info: tarfile.TarInfo, content: bytes) -> Iterator[bytes]:
    """Yield a member that is a small file."""
    info.size = len(content)
    return entry(info, [content])


def in_blocks(pieces: Iterable[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """Yield the same bytes in pieces of at least ``size``, so that each is worth sending.

    A piece of that size that needs none before it is passed on uncopied, as most of an image is.
    """
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(held)
            held, length = [], 0
    if length:
        yield b"".join(held)


class Incoming(io.RawIOBase):
    """Bytes that arrive in pieces of any size, as a file to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Read from pieces; none is asked for before it is needed."""
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as one piece goes."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
