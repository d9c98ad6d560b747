"""A run that makes a figure and a file of numbers, and a paper that shows them."""

from __future__ import annotations

import json
import struct
import zlib

DOI = "10.5281/zenodo.1234567"
RESULTS = """
[results]
slope = "fit.json:json:/slope"
n = "fit.json:json:/n"
note = "fit.json:json:/note"
"share:.1%" = "fit.json:json:/share"
"""
FIT = '{"slope": -1.250e-07, "n": 12, "note": "5 % & _ # ~ é", "share": 0.1234}'


def png() -> bytes:
    """Return a picture of one pixel."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def linked(rpz, pack, *words):
    done = rpz("latex", *words, pack)
    assert done.returncode == 0, done.stderr
    return json.loads((rpz.folder / "rpz-map.json").read_bytes())
