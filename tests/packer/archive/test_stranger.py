"""What docs/archive-format.md says is enough to write a reader."""

from __future__ import annotations

import os
import tarfile
from io import BytesIO

import pytest

from rpz.packer.archive.codecs import BLOCK
from rpz.packer.archive.reader import Pack
from tests.packer.archive.stranger import Stranger, seek_table


@pytest.mark.parametrize("key", ["gzip", "none"])
def test_a_stranger_reads_every_file_by_the_index(make_pack, files, key):
    stranger = Stranger(make_pack(key))
    stranger.check_parts()
    for path, entry in stranger.manifest.items():
        if entry["type"] in ("file", "hardlink"):
            with open(os.fsencode(path), "rb") as file:
                assert stranger.content(path) == file.read()
    assert sum(path.startswith(f"{files}/") for path in stranger.manifest) == 9


@pytest.mark.parametrize("key", ["gzip", "none"])
def test_the_manifest_says_what_the_tar_does(make_pack, key):
    stranger = Stranger(make_pack(key))
    place = 0
    types = {b"0": "file", b"S": "file", b"1": "hardlink", b"2": "symlink", b"5": "folder"}
    with tarfile.open(fileobj=BytesIO(stranger.tar()), errors="surrogateescape") as tar:
        for info, entry in zip(tar, stranger.manifest.values(), strict=True):
            assert info.name == "DATA" + entry["path"]
            assert types[info.type] == entry["type"]
            assert (info.mode, info.uid, info.gid) == (entry["mode"], entry["uid"], entry["gid"])
            assert info.size == entry.get("size", 0)
            assert (info.offset, place) == (entry["start"], entry["start"])
            if "content" in entry:
                assert info.offset_data == entry["content"]
            assert abs(info.mtime * 10**9 - entry["mtime"]) < 1000
            place = entry["end"]
            target = entry.get("target", "")
            assert info.linkname == ("DATA" * (entry["type"] == "hardlink") + target)


def test_zstd_has_the_seek_table_of_its_format(make_pack):
    with Pack.open(make_pack("zstd")) as pack:
        data = pack.member("DATA.tar.zst").read()
        frames = seek_table(data)
        assert [stored for stored, _ in frames] == [b.stored for b in pack.index.blocks]
        assert sum(size for _, size in frames) == pack.index.size
        assert all(size == BLOCK for _, size in frames[:-1])


def test_the_index_serves_parts_across_blocks(make_pack):
    path = make_pack()
    whole = Stranger(path).tar()
    with Pack.open(path) as pack, pack.blocks() as blocks:
        for start, size in [(0, 0), (0, 1), (BLOCK - 1, 2), (5, 3 * BLOCK), (len(whole) - 1, 1)]:
            assert b"".join(blocks.read(start, size)) == whole[start : start + size]
