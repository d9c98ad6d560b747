"""The list of libraries that ldconfig(8) makes for the loader: ``/etc/ld.so.cache``."""

from __future__ import annotations

import struct
from collections import defaultdict

CACHE = b"/etc/ld.so.cache"

MAGIC = b"glibc-ld.so.cache1.1"
"""Of the format of glibc 2.2 and later (sysdeps/generic/dl-cache.h); an older one may be before."""
HEADER = struct.Struct("<20sII20x")
ENTRY = struct.Struct("<iIIIQ")


def read_cache(data: bytes) -> dict[bytes, list[bytes]]:
    """Return the paths of each library's name, best first; nothing of what is damaged.

    The numbers are this machine's own: a cache of another byte order has another machine's paths.
    """
    start = data.find(MAGIC)
    paths: dict[bytes, list[bytes]] = defaultdict(list)
    if start < 0 or len(data) - start < HEADER.size:
        return paths
    _, count, _ = HEADER.unpack_from(data, start)
    begin = start + HEADER.size
    entries = data[begin : begin + count * ENTRY.size]
    for _, key, value, _, _ in ENTRY.iter_unpack(
        entries[: len(entries) // ENTRY.size * ENTRY.size]
    ):
        name, path = _text(data, start + key), _text(data, start + value)
        if name and path.startswith(b"/"):
            paths[name].append(path)
    return paths


def _text(data: bytes, start: int) -> bytes:
    end = data.find(b"\0", start)
    return data[start:end] if end >= 0 else b""
