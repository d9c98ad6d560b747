"""A reader of packs, from docs/archive-format.md alone and with the standard library alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
import zlib


class Stranger:
    """Reads a pack whose data are compressed with gzip, or not at all."""

    def __init__(self, path):
        self.members = {}
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                self.members[info.name] = tar.extractfile(info).read()
        first, second, rest = self.members["EXTENSIONS/rpz/index.jsonl"].split(b"\n")
        assert rest == b""
        assert json.loads(second) == {"sha256": hashlib.sha256(first + b"\n").hexdigest()}
        self.index = json.loads(first)
        assert self.index["version"] == 1
        lines = gzip.decompress(self.members["EXTENSIONS/rpz/manifest.jsonl.gz"]).splitlines()
        self.manifest = {entry["path"]: entry for entry in map(json.loads, lines)}
        assert len(lines) == self.index["members"] == len(self.manifest)

    def check_parts(self):
        data = {"gzip": "DATA.tar.gz", "none": "DATA.tar"}[self.index["compression"]]
        known = {*self.index["parts"], data, "EXTENSIONS/rpz/index.jsonl"}
        assert known == self.members.keys()
        for name, part in self.index["parts"].items():
            assert len(self.members[name]) == part["size"]
            assert hashlib.sha256(self.members[name]).hexdigest() == part["sha256"]

    def tar(self):
        """Return the tar of the data, without the index."""
        if self.index["compression"] == "none":
            return self.members["DATA.tar"]
        return gzip.decompress(self.members["DATA.tar.gz"])

    def read(self, start, size):
        """Return a part of the tar, by way of the blocks that it is in."""
        block = self.index["block"]
        place, data = (10 if self.index["compression"] == "gzip" else 0), b""
        for number, (stored, crc) in enumerate(self.index["blocks"]):
            if number * block < start + size and (number + 1) * block > start:
                data += self._unpack(place, stored, crc)
            place += stored
        begin = start - start // block * block
        return data[begin : begin + size]

    def _unpack(self, place, stored, crc):
        if self.index["compression"] == "none":
            found = self.members["DATA.tar"][place : place + stored]
            assert zlib.crc32(found) == crc
            return found
        found = self.members["DATA.tar.gz"][place : place + stored]
        assert zlib.crc32(found) == crc
        return zlib.decompressobj(-15).decompress(found)

    def content(self, path):
        """Return what a file holds."""
        entry = self.manifest[path]
        if entry["type"] == "hardlink":
            return self.content(entry["target"])
        extents = entry.get("extents")
        pieces = [(0, entry["size"])] if extents is None else extents
        stored = self.read(entry["content"], sum(length for _, length in pieces))
        assert hashlib.sha256(stored).hexdigest() == entry["sha256"]
        content, place = io.BytesIO(bytes(entry["size"])), 0
        for offset, length in pieces:
            content.seek(offset)
            content.write(stored[place : place + length])
            place += length
        return content.getvalue()


def seek_table(data):
    """Return the frames that zstd's seekable format tells of: stored and plain sizes."""
    count, flags, magic = struct.unpack("<IBI", data[-9:])
    assert (flags, magic) == (0, 0x8F92EAB1)
    frame = data[-9 - 8 * count - 8 :]
    kind, size = struct.unpack("<II", frame[:8])
    assert (kind, size) == (0x184D2A5E, 8 * count + 9)
    return [struct.unpack_from("<II", frame, 8 + 8 * number) for number in range(count)]
