"""The compressions of the data: each is cut into blocks that are unpacked without the others.

Gzip's blocks are one gzip member, not one each: ReproZip's ``rpztar`` reads no more than the first.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from zlib_ng import zlib_ng

from rpz.packer.archive.format import PackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

BLOCK = 1 << 20
"""Bytes of a block before it is compressed; the last may have fewer."""

GZIP_LEVEL = 5
"""Of zlib-ng: on numpy and Python's library 23 times as fast as zlib at level 9 (two cores), 3 %
larger. The other fast library, ISA-L, is three times faster still, but 13 % larger at its best."""
ZSTD_LEVEL = 3

_RAW = -15
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name, no time, no system (RFC 1952)."""
GZIP_LAST = b"\x03\x00"
"""A last block of deflate, empty."""

SEEK_TABLE = 0x184D2A5E
"""The magic number of the skippable frame that holds a seek table (zstd's seekable format 0.1)."""
SEEKABLE = 0x8F92EAB1


@dataclass(frozen=True)
class Block:
    """A block as it is stored: its bytes, and those before it was compressed."""

    stored: int
    size: int


@dataclass(frozen=True)
class Codec:
    """A compression: ``head``, the blocks and ``tail`` are the member ``name`` of the archive.

    ``decompress`` takes the block and how many bytes it must give; it raises ValueError where it
    gives others. ``tail`` takes all blocks and the CRC-32 of what they hold.
    """

    key: str
    name: str
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes, int], bytes]
    tail: Callable[[Sequence[Block], int], bytes]
    head: bytes = b""
    for_reprozip: bool = False


def _gzip(block: bytes) -> bytes:
    packer = zlib_ng.compressobj(GZIP_LEVEL, zlib_ng.DEFLATED, _RAW)
    return packer.compress(block) + packer.flush(zlib_ng.Z_SYNC_FLUSH)


def _gunzip(stored: bytes, size: int) -> bytes:
    unpacker = zlib_ng.decompressobj(_RAW)
    try:
        block = unpacker.decompress(stored, size + 1)
    except zlib_ng.error as error:
        raise ValueError(str(error)) from None
    if len(block) != size or unpacker.eof:
        raise ValueError("not a block of the size that the index tells")
    return block


def _gzip_tail(blocks: Sequence[Block], crc: int) -> bytes:
    size = sum(block.size for block in blocks)
    return GZIP_LAST + struct.pack("<II", crc, size & 0xFFFFFFFF)


def zstd() -> ModuleType:
    """Return the library for zstd."""
    if sys.version_info >= (3, 14):
        from compression import zstd as module
    else:
        from backports import zstd as module
    return module


def _zstd(block: bytes) -> bytes:
    library = zstd()
    options = {
        library.CompressionParameter.compression_level: ZSTD_LEVEL,
        library.CompressionParameter.checksum_flag: 1,
    }
    return cast("bytes", library.compress(block, options=options))


def _unzstd(stored: bytes, size: int) -> bytes:
    library = zstd()
    unpacker = library.ZstdDecompressor()
    try:
        block: bytes = unpacker.decompress(stored, size + 1)
    except library.ZstdError as error:
        raise ValueError(str(error)) from None
    if len(block) != size or not unpacker.eof or unpacker.unused_data:
        raise ValueError("not a frame of the size that the index tells")
    return block


def _seek_table(blocks: Sequence[Block], _crc: int) -> bytes:
    """Return the table by which other programs find frames, too: all but the last are ``BLOCK``."""
    entries = b"".join(struct.pack("<II", block.stored, block.size) for block in blocks)
    footer = struct.pack("<IBI", len(blocks), 0, SEEKABLE)
    return struct.pack("<II", SEEK_TABLE, len(entries) + len(footer)) + entries + footer


def _as_is(block: bytes) -> bytes:
    return block


def _same(stored: bytes, size: int) -> bytes:
    if len(stored) != size:
        raise ValueError("not a block of the size that the index tells")
    return stored


def _nothing(_blocks: Sequence[Block], _crc: int) -> bytes:
    return b""


GZIP = Codec("gzip", "DATA.tar.gz", _gzip, _gunzip, _gzip_tail, GZIP_HEAD, for_reprozip=True)
CODECS = {
    codec.key: codec
    for codec in (
        GZIP,
        Codec("zstd", "DATA.tar.zst", _zstd, _unzstd, _seek_table),
        Codec("none", "DATA.tar", _as_is, _same, _nothing),
    )
}
"""All compressions by what a person calls them, the usual one first."""


def codec(key: str) -> Codec:
    """Return a compression by its name.

    Raises:
        PackError: this rpz has none of that name.

    """
    if key not in CODECS:
        raise PackError(f"There is no compression {key!a}", f"There are: {', '.join(CODECS)}")
    return CODECS[key]
