"""Files with holes keep them, for every reader of tars."""

from __future__ import annotations

import os
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.packer.archive.members import Member
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.sparse import MIN_HOLE, extents, sparse_header
from rpz.packer.select import Kind
from tests.packer.archive.test_archive import write

BLOCK = 4096
GB = 1 << 30


def make(path, size, *pieces):
    """Make a file with data at these offsets, of these lengths."""
    with path.open("wb") as file:
        file.truncate(size)
        for offset, length in pieces:
            file.seek(offset)
            file.write(b"x" * length)
    return path


def found(path):
    with path.open("rb") as file:
        return extents(file.fileno(), os.fstat(file.fileno()).st_size)


def on_disk(path):
    return path.stat().st_blocks * 512


@pytest.mark.parametrize(
    ("size", "pieces", "expected"),
    [
        (100 * BLOCK, [(0, 100 * BLOCK)], None),
        (MIN_HOLE + BLOCK - 1, [(0, BLOCK)], None),  # the hole is too small
        (MIN_HOLE + BLOCK, [(0, BLOCK)], ((0, BLOCK),)),
        (GB, [], ()),
        (GB, [(GB - 10, 10)], ((GB - BLOCK, BLOCK),)),
        (GB + 5, [(GB, 5)], ((GB, 5),)),
        (GB, [(0, 1), (MIN_HOLE, 1)], ((0, MIN_HOLE + BLOCK),)),
    ],
)  # fmt: skip
def test_holes_are_found(tmp_path, size, pieces, expected):
    path = make(tmp_path / "f", size, *pieces)
    if on_disk(path) > sum(-(-length // BLOCK) * BLOCK for _, length in pieces) + BLOCK:
        pytest.fail("the file system of the tests doesn't keep holes")
    assert found(path) == expected


@pytest.fixture
def packed(tmp_path):
    """A pack of a file of 50 GB with data in forty places, and of one behind it."""
    pieces = [(place * (1 << 30) + 8192, 5000) for place in range(40)]
    path = make(tmp_path / "50 GB", 50 * GB, *pieces)
    os.utime(path, ns=(1, 1_000_000_001))
    (tmp_path / "behind").write_bytes(b"behind")
    members = [
        Member(os.fsencode(p), Kind.FILE, os.fsencode(p)) for p in (path, tmp_path / "behind")
    ]
    write(tmp_path / "p.rpz", members, tmp_path)
    return tmp_path / "p.rpz"


def same(one, other):
    """Whether two files have their data at the same places, and the same there."""
    if one.stat().st_size != other.stat().st_size or found(one) != found(other):
        return False
    with one.open("rb") as a, other.open("rb") as b:
        for offset, length in found(one):
            a.seek(offset)
            b.seek(offset)
            if a.read(length) != b.read(length):
                return False
    return True


SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python 3.11.4 and newer warn of unpacking without."""


def unpack_by_tarfile(data, out):
    with tarfile.open(data, "r:gz") as tar:
        tar.extractall(out, **SAFELY)


def unpack_by_gnu_tar(data, out):
    subprocess.run(["tar", "xzf", data, "-C", out], check=True)


@pytest.mark.parametrize("unpack", [unpack_by_tarfile, unpack_by_gnu_tar])
def test_it_takes_no_room_and_others_read_it(packed, tmp_path, unpack):
    assert packed.stat().st_size < 100_000
    out = tmp_path / "out"
    out.mkdir()
    with Pack.open(packed) as pack:
        (out / "data").write_bytes(pack.member("DATA.tar.gz").read())
    unpack(out / "data", out)
    folder = out / "DATA" / str(tmp_path)[1:]
    assert same(folder / "50 GB", tmp_path / "50 GB")
    assert on_disk(folder / "50 GB") < 1_000_000
    assert (folder / "behind").read_bytes() == b"behind"
    assert (folder / "50 GB").stat().st_mtime_ns // 1000 == 1_000_000


@settings(deadline=None, max_examples=100)
@given(
    cuts=st.lists(st.integers(0, 1 << 35), max_size=100, unique=True),
    size=st.integers(1 << 35, 1 << 50),
    name=st.text(min_size=1, max_size=120).filter(lambda t: "\0" not in t),
)
def test_any_map_is_read_back_by_tarfile(tmp_path_factory, cuts, size, name):
    places = sorted(cut * 4096 % (1 << 35) for cut in cuts)
    pieces, last = [], 0
    for place in places:
        if place >= last:
            pieces.append((place, 4096))
            last = place + 4096
    info = tarfile.TarInfo("DATA/" + name.encode("utf-8", "replace").decode())
    info.size = size
    path = tmp_path_factory.mktemp("sparse") / "t.tar"
    path.write_bytes(
        sparse_header(info, pieces) + bytes(4096 * len(pieces)) + bytes(2 * tarfile.BLOCKSIZE)
    )
    with tarfile.open(path) as tar:
        (read,) = tar
    assert (read.name.rstrip("/"), read.size) == (info.name.rstrip("/"), size)
    # tarfile passes over a part at the very beginning that is empty
    assert [piece for piece in read.sparse if piece[1]] == pieces
