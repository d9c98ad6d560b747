"""Files with holes: where their data are, and their header in a tar.

It is the old GNU form of a sparse member, which GNU tar and the libraries of Python, Go and Rust
read; the newer one, of PAX records, is garbage to Rust's, with which ReproZip fills containers.
"""

from __future__ import annotations

import errno
import os
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Extents = tuple[tuple[int, int], ...]

MIN_HOLE = 1 << 20
"""Bytes of the smallest hole that is not stored: less is not worth a special kind of member."""

_ALIGNED = 4096
"""GNU tar begins each part at a block: only the last may be no multiple of one."""
_NUMBER = 12
_PLACES, _IN_HEADER, _IN_BLOCK = 386, 4, 21
_MORE, _MORE_IN_BLOCK, _REAL_SIZE = 482, 504, 483
_CHECKSUM = slice(148, 156)


def extents(file: int, size: int) -> Extents | None:
    """Return where the data of an open file are; None: everywhere.

    Holes are what the file system says (``SEEK_HOLE``), and count from :data:`MIN_HOLE` on.
    """
    if size < MIN_HOLE or os.fstat(file).st_blocks * 512 > size - MIN_HOLE:
        return None
    found: list[tuple[int, int]] = []  # as start and end
    for start, end in _data(file, size):
        if start - (found[-1][1] if found else 0) >= MIN_HOLE:
            found.append((start, end))
        else:
            found.append((found.pop()[0] if found else 0, end))
    if found and size - found[-1][1] < MIN_HOLE:
        found[-1] = (found[-1][0], size)
    return None if found == [(0, size)] else tuple((start, end - start) for start, end in found)


def _data(file: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield where the runs of data begin and end."""
    end = 0
    while end < size:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # which says that there are no more
                yield end, size
            return
        if start >= size:
            return
        end = os.lseek(file, start, os.SEEK_HOLE)
        end = min(end + -end % _ALIGNED, size)
        yield start - start % _ALIGNED, end


def sparse_header(info: tarfile.TarInfo, pieces: Sequence[tuple[int, int]]) -> bytes:
    """Return the header of a file of ``info.size`` bytes of which only ``pieces`` are stored.

    Name and time are in PAX records before it: the last block is ours.
    """
    listed = [*pieces, (info.size, 0)]  # without the last, GNU tar would cut off a hole at the end
    plain = tarfile.TarInfo("DATA")
    plain.type = tarfile.GNUTYPE_SPARSE
    plain.mode, plain.uid, plain.gid, plain.mtime = info.mode, info.uid, info.gid, info.mtime
    plain.size = sum(length for _, length in pieces)
    block = bytearray(plain.tobuf(tarfile.GNU_FORMAT))
    first, rest = listed[:_IN_HEADER], listed[_IN_HEADER:]
    block[_PLACES : _PLACES + 2 * _NUMBER * len(first)] = _map(first)
    block[_MORE] = bool(rest)
    block[_REAL_SIZE : _REAL_SIZE + _NUMBER] = _number(info.size)
    block[_CHECKSUM] = b" " * 8
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return _records(info) + bytes(block) + b"".join(_continued(rest))


def _records(info: tarfile.TarInfo) -> bytes:
    """Return the PAX header alone: the name in it whether it needs it or not."""
    named = tarfile.TarInfo(info.name)
    named.pax_headers = {**info.pax_headers, "path": info.name}
    return named.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")[: -tarfile.BLOCKSIZE]


def _continued(pieces: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    for place in range(0, len(pieces), _IN_BLOCK):
        block = bytearray(_map(pieces[place : place + _IN_BLOCK]).ljust(tarfile.BLOCKSIZE, b"\0"))
        block[_MORE_IN_BLOCK] = place + _IN_BLOCK < len(pieces)
        yield bytes(block)


def _map(pieces: Sequence[tuple[int, int]]) -> bytes:
    return b"".join(_number(offset) + _number(length) for offset, length in pieces)


def _number(value: int) -> bytes:
    """Return a number as it is in a header: octal digits, or from 8 GiB on in base 256."""
    if value < 8**11:
        return b"%011o\0" % value
    return b"\x80" + value.to_bytes(11, "big")
