"""What is taken out of a pack is what was packed, and never lands elsewhere."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from rpz.errors import RpzError
from rpz.packer.archive.reader import Pack
from rpz.unpackers.excerpt import take_out
from tests.unpackers import packs
from tests.unpackers.packs import file, folder, member

MEMBERS = [
    folder("DATA/d", mode=0o500),
    file("DATA/d/a", b"content", mode=0o4750),
    member("DATA/d/b", tarfile.LNKTYPE, linkname="DATA/d/a"),
    member("DATA/d/c", tarfile.LNKTYPE, linkname="DATA/d/a"),
    member("DATA/d/link", tarfile.SYMTYPE, linkname="/etc"),
    folder("DATA/other"),
    file("DATA/other/\udcff\n", b"odd"),
]


@pytest.fixture
def out(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    return path


def taken(tmp_path, out, *paths, members=MEMBERS, **options):
    path = packs.write_pack(tmp_path / "p.rpz", packs.config(()), packs.data_tar(members))
    with Pack.open(path) as pack:
        return take_out(pack, [os.fsencode(p) for p in paths], out, **options)


def names(out):
    return sorted(str(path.relative_to(out)) for path in out.rglob("*"))


def test_a_file_is_taken_with_its_mode_and_time(tmp_path, out):
    assert taken(tmp_path, out, "/d/a") == 1
    assert names(out) == ["d", "d/a"]
    found = (out / "d/a").stat()
    assert (out / "d/a").read_bytes() == b"content"
    assert (found.st_mode & 0o7777, found.st_mtime_ns) == (0o750, packs.MTIME)
    assert found.st_uid == os.getuid()


def test_a_folder_is_taken_whole(tmp_path, out):
    assert taken(tmp_path, out, "d/") == 4
    assert names(out) == ["d", "d/a", "d/b", "d/c", "d/link"]
    assert (out / "d").stat().st_mode & 0o777 == 0o500
    assert (out / "d").stat().st_mtime_ns == packs.MTIME
    assert (out / "d/a").stat().st_nlink == 3
    assert (out / "d/link").readlink().as_posix() == "/etc"


def test_everything_is_taken(tmp_path, out):
    assert taken(tmp_path, out, "/") == 5
    assert (out / "other/\udcff\n").read_bytes() == b"odd"


def test_hard_links_bring_their_content(tmp_path, out):
    assert taken(tmp_path, out, "/d/b", "/d/c") == 2
    assert (out / "d/b").read_bytes() == b"content"
    assert (out / "d/b").samefile(out / "d/c")
    assert not (out / "d/a").exists()


@pytest.mark.parametrize("path", ["/nothing", "/d/a/x", "/other/a", "../d"])
def test_what_is_not_there_is_told(tmp_path, out, path):
    if path == "../d":
        assert taken(tmp_path, out, path) == 4  # there is nothing above /
        return
    with pytest.raises(RpzError, match="rpz ls"):
        taken(tmp_path, out, "/d/a", path)
    assert names(out) == []


def test_what_exists_stays_unless_told(tmp_path, out):
    (out / "d").mkdir(mode=0o700)
    (out / "d/c").write_text("mine")
    with pytest.raises(RpzError, match=r"d/c exists already.*--overwrite"):
        taken(tmp_path, out, "/d")
    assert names(out) == ["d", "d/c"]
    taken(tmp_path, out, "/d", overwrite=True)
    assert (out / "d/c").read_bytes() == b"content"
    assert (out / "d").stat().st_mode & 0o777 == 0o700  # the folder is the user's


def test_no_link_is_followed_on_the_way(tmp_path, out):
    (tmp_path / "elsewhere").mkdir()
    (out / "d").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RpzError, match="can't be made"):
        taken(tmp_path, out, "/d", overwrite=True)
    assert names(tmp_path / "elsewhere") == []


@pytest.mark.parametrize(
    "hostile",
    [
        [member("DATA/l", tarfile.SYMTYPE, linkname="/tmp"), file("DATA/l/x", b"x")],
        [file("DATA/../x", b"x")],
        [file("/x", b"x")],
        [file("DATA/a/../../x", b"x")],
        [member("DATA/h", tarfile.LNKTYPE, linkname="DATA/../etc/passwd")],
        [member("DATA/h", tarfile.LNKTYPE, linkname="../../etc/passwd")],
        [member("DATA/p", tarfile.FIFOTYPE)],
    ],
)
def test_nothing_lands_outside(tmp_path, out, hostile):
    before = set(tmp_path.rglob("*"))
    try:
        taken(tmp_path, out, "/", members=[*hostile, file("DATA/good", b"good")])
    except RpzError as error:
        assert str(error)  # noqa: PT017 (either is right)
    after = {p for p in tmp_path.rglob("*") if out not in p.parents} - {tmp_path / "p.rpz"}
    assert after == before
    assert all(path.is_symlink() or path.is_file() for path in out.rglob("*") if path.name != "a")


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path, out):
    (out / "d/a").mkdir(parents=True)
    with pytest.raises(RpzError, match="can't be made"):
        taken(tmp_path, out, "/d/a", overwrite=True)
    assert names(out) == ["d", "d/a"]


def test_holes_stay_holes(tmp_path, out):
    source = tmp_path / "sparse"
    with source.open("wb") as sparse:
        sparse.truncate(1 << 30)
    subject = io.BytesIO()
    from rpz.packer.archive.sparse import sparse_header

    info = tarfile.TarInfo("DATA/sparse")
    info.size = 1 << 30
    subject.write(sparse_header(info, [(8192, 4096)]) + b"x" * 4096 + bytes(1024))
    path = packs.write_pack(tmp_path / "p.rpz", packs.config(()), subject.getvalue())
    with Pack.open(path) as pack:
        take_out(pack, [b"/sparse"], out)
    assert (out / "sparse").stat().st_size == 1 << 30
    assert (out / "sparse").stat().st_blocks < 100
    with (out / "sparse").open("rb") as found:
        assert found.read(8192 + 4097) == bytes(8192) + b"x" * 4096 + b"\0"
