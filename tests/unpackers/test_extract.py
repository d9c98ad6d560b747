"""Extraction: exact for what rpz packs, harmless for what it doesn't."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.unpackers.errors import HostileArchiveError
from rpz.unpackers.extract import extract
from rpz.unpackers.lettercase import is_case_blind
from tests.conftest import require
from tests.unpackers import packs
from tests.unpackers.hostile import MEMBERS
from tests.unpackers.packs import file, folder, member

EXPECTED = [
    folder("DATA/etc", mode=0o750),
    file("DATA/etc/hosts", b"content", mode=0o4640),
    member("DATA/etc/link", tarfile.SYMTYPE, linkname="/anywhere/\udcff"),
    member("DATA/etc/hard", tarfile.LNKTYPE, linkname="DATA/etc/hosts"),
    folder("DATA/read-only", mode=0o555),
    file("DATA/read-only/\udcff\n", b"x" * 700_000),
    file("DATA/implied/deep/file"),
]


def unpacked(members, root):
    archive = io.BytesIO(packs.data_tar(members))
    root.mkdir()
    with tarfile.open(fileobj=archive, mode="r|gz", errors="surrogateescape") as tar:
        extract(tar, root)
    return root


def test_content(tmp_path):
    root = unpacked(EXPECTED, tmp_path / "root")
    assert (root / "etc/hosts").read_bytes() == b"content"
    assert (root / "read-only/\udcff\n").read_bytes() == b"x" * 700_000
    assert (root / "implied/deep/file").read_bytes() == b""


def test_modes(tmp_path):
    root = unpacked(EXPECTED, tmp_path / "root")
    modes = [stat.S_IMODE((root / name).stat().st_mode) for name in ("etc", "etc/hosts", "implied")]
    assert modes == [0o750, 0o4640 if os.geteuid() == 0 else 0o640, 0o755]


def test_modes_of_an_ordinary_user(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    root = unpacked(
        [file("DATA/a", mode=0o6777), folder("DATA/d", mode=0o3775), file("DATA/d/b", mode=0o2755)],
        tmp_path / "root",
    )
    modes = [stat.S_IMODE((root / name).stat().st_mode) for name in ("a", "d", "d/b")]
    assert modes == [0o777, 0o3775, 0o755]


@pytest.mark.parametrize("name", ["etc", "etc/hosts", "etc/link", "read-only"])
def test_times(tmp_path, name):
    root = unpacked(EXPECTED, tmp_path / "root")
    assert (root / name).lstat().st_mtime_ns == packs.MTIME


def test_links(tmp_path):
    root = unpacked(EXPECTED, tmp_path / "root")
    assert (root / "etc/link").readlink() == Path("/anywhere/\udcff")
    assert (root / "etc/hard").samefile(root / "etc/hosts")


def test_owners(tmp_path):
    require(os.geteuid() == 0, "not root, who can give files away")
    members = [
        folder("DATA/home", uid=7),
        file("DATA/home/file", uid=7, gid=8),
        member("DATA/home/link", tarfile.SYMTYPE, linkname="x", uid=9),
    ]
    root = unpacked(members, tmp_path / "root")
    owners = [(root / n).lstat() for n in ("home", "home/file", "home/link")]
    assert [(s.st_uid, s.st_gid) for s in owners] == [(7, 0), (7, 8), (9, 0)]


def test_umask(tmp_path):
    before = os.umask(0o077)
    try:
        root = unpacked(EXPECTED, tmp_path / "root")
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "implied/deep").stat().st_mode) == 0o755


def test_times_without_a_fraction(tmp_path):
    info, content = file("DATA/file")
    info.pax_headers = {}
    info.mtime = -5
    root = unpacked([(info, content)], tmp_path / "root")
    assert (root / "file").stat().st_mtime_ns == -5 * 10**9


HOSTILE = {name: found for name, found in MEMBERS.items() if "mount point" not in name}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_hostile(tmp_path, members):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    with pytest.raises(HostileArchiveError) as raised:
        unpacked(members, tmp_path / "root")
    assert "\n" not in str(raised.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root"]
    assert [path.name for path in outside.iterdir()] == ["kept"]


NAMES = st.lists(st.sampled_from(["a", "b", "..", ".", "", "out", "\udcff"]), max_size=4).map(
    lambda parts: "/".join(["DATA", *parts])
)
LINKS = st.sampled_from(["../../outside", "/", ".", "a", "..", "DATA/a", "DATA/out/kept"])
KINDS = st.sampled_from([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
MEMBERS = st.lists(
    st.one_of(
        st.builds(file, NAMES, st.binary(max_size=20)),
        st.builds(lambda name, kind, link: member(name, kind, linkname=link), NAMES, KINDS, LINKS),
    ),
    max_size=8,
)


def fresh(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    (place / "outside").mkdir()
    (place / "outside" / "kept").write_bytes(b"kept")
    return place


def assert_untouched(place):
    assert {path.name for path in place.iterdir()} <= {"outside", "root"}
    assert [path.name for path in (place / "outside").iterdir()] == ["kept"]
    assert (place / "outside" / "kept").stat().st_nlink == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(members=MEMBERS)
def test_nothing_outside(tmp_path_factory, members):
    place = fresh(tmp_path_factory)
    with suppress(RpzError):
        unpacked(members, place / "root")
    assert_untouched(place)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged(tmp_path_factory, data):
    """Whatever is done to the bytes of a good archive: an error of ours, or files."""
    place = fresh(tmp_path_factory)
    archive = bytearray(packs.data_tar(EXPECTED[:5], mode="w"))
    for place_in_archive, value in data.draw(
        st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=6)
    ):
        archive[place_in_archive] = value
    root = place / "root"
    root.mkdir()
    with suppress(RpzError), opened(bytes(archive)) as tar:
        extract(tar, root)
    assert_untouched(place)


@settings(max_examples=50, deadline=None)
@given(length=st.integers(0, 8000))
def test_cut_short(tmp_path_factory, length):
    root = tmp_path_factory.mktemp("root")
    archive = packs.data_tar(EXPECTED[:5], mode="w")[:length]
    with suppress(RpzError), opened(archive) as tar:
        extract(tar, root)


class opened:  # noqa: N801 (a context manager)
    """Open an archive; what doesn't even begin as one is the pack reader's business."""

    def __init__(self, archive):
        self.archive = archive

    def __enter__(self):
        try:
            self.tar = tarfile.open(fileobj=io.BytesIO(self.archive), mode="r|")
        except tarfile.TarError:
            raise HostileArchiveError("no archive") from None
        return self.tar

    def __exit__(self, *_exception):
        self.tar.close()


def test_names_that_differ_by_case_where_they_are_one(tmp_path, monkeypatch, caplog):
    """As on macOS: the second is told, and isn't put over the first."""
    monkeypatch.setattr("rpz.unpackers.extract.is_case_blind", lambda _folder: True)
    members = [file("DATA/w/Data", b"one"), file("DATA/w/data", b"two"), file("DATA/w/else")]
    root = unpacked(members, tmp_path / "root")
    assert sorted(path.name for path in (root / "w").iterdir()) == ["Data", "else"]
    assert (root / "w/Data").read_bytes() == b"one"
    assert "/w/data is not unpacked: here it is the same name as /w/Data" in caplog.text


def test_both_are_there_where_they_are_two(tmp_path, caplog):
    root = unpacked([file("DATA/w/Data"), file("DATA/w/data")], tmp_path / "root")
    assert len(list((root / "w").iterdir())) == 2
    assert not caplog.text


def test_a_file_system_is_asked_whether_it_is_case_blind(tmp_path, monkeypatch):
    assert not is_case_blind(tmp_path)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: exists(self.with_name(self.name.lower())))
    assert is_case_blind(tmp_path)
    assert not list(tmp_path.iterdir())
