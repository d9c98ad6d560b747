"""Sound packs of every form, changed at random: an error in words, or what is in them."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import sqlite3
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.packer.archive.bulk import bulk
from rpz.packer.archive.check import check
from rpz.packer.archive.reader import Pack
from rpz.unpackers import load
from rpz.unpackers.agreement import disagreements
from rpz.unpackers.excerpt import take_out
from tests.unpackers import hostile, packs
from tests.unpackers.test_parallel import INDEX, MANIFEST, edited

LIMIT = 64 << 20
FILES = [
    packs.folder("DATA/etc"),
    packs.file("DATA/etc/hosts", b"content" * 30, mode=0o4640),
    packs.member("DATA/etc/hosts2", tarfile.LNKTYPE, linkname="DATA/etc/hosts"),
    packs.member("DATA/etc/link", tarfile.SYMTYPE, linkname="/x/\udcff"),
    packs.file("DATA/z/\udcff", b"z" * 700),
]
TAR = packs.data_tar(FILES, mode="w")
HOLES = hostile.sparse(1 << 21, ((0, 512), (1 << 20, 512))) + bytes(1024) + hostile.END
CONFIG = hostile.CONFIG


def database():
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE TABLE processes (id INTEGER)")
        connection.commit()
        return connection.serialize() if hasattr(connection, "serialize") else b""
    finally:
        connection.close()


def renamed(parts):
    """The data, not compressed, are a member of that name."""
    return {("DATA.tar" if name == "DATA.tar.gz" else name): parts[name] for name in parts}


PARTS = {
    "streamed": packs.parts(CONFIG, gzip.compress(TAR, 0)),
    "listed": packs.listed_parts(CONFIG, FILES),
    "not compressed": renamed(packs.parts(CONFIG, TAR)),
    "with holes": renamed(packs.parts(CONFIG, HOLES)),
}
for form in set(PARTS) - {"listed"}:  # whose index would tell of another one
    PARTS[form]["METADATA/trace.sqlite3"] = database()


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


TEXTS = [
    b"\0", b"\xff", b"-1", b"99999999999", b"../", b"/", b"\x80" + b"\xff" * 8, b"*a", b"&a ", b"[",
    b"{", b"7777777", b"9" * 30, b"\x1b[31m", b"x", b"L", b"S", b"1e999", b"null", b'"\\ud800"',
]  # fmt: skip
CHANGE = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 1 << 16), st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("set"), st.integers(0, 1 << 16), st.sampled_from(TEXTS)),
    st.tuples(st.just("put"), st.integers(0, 1 << 16), st.sampled_from(TEXTS)),
    st.tuples(st.just("cut"), st.integers(0, 1 << 16), st.sampled_from([1, 16, 512, 513, 9999])),
)
CHANGES = st.lists(CHANGE, min_size=1, max_size=6)


def changed(data, changes):
    """Change bytes; the check-sums of headers are mended, so that what is behind them is read."""
    data = bytearray(data)
    for kind, place, what in changes:
        place %= max(len(data), 1)  # noqa: PLW2901
        if kind == "set":
            data[place : place + len(what)] = what
        elif kind == "put":
            data[place:place] = what
        else:
            del data[place : place + what]
    for place in range(0, len(data) - 511, 512):
        if data[place + 257 : place + 262] == b"ustar":
            data[place + 148 : place + 156] = b" " * 8
            data[place + 148 : place + 156] = b"%06o\0 " % sum(data[place : place + 512])
    return bytes(data)


def all_readers(path, place):
    """Do with a pack what the commands do."""
    chroot = load("chroot")
    actions = {
        "check": lambda pack: check(pack, lambda _count: None),
        "agree": lambda pack: list(disagreements(pack)),
        "info": lambda pack: (bulk(pack.entries(), pack.config), pack.summary()),
        "unpack": lambda pack: chroot.unpack(pack, place / "demo", {}),
        "extract": lambda pack: take_out(pack, [b"/"], place / "taken"),
    }
    (place / "taken").mkdir()
    for action in actions.values():
        with contextlib.suppress(RpzError), Pack.open(path, LIMIT) as pack:
            action(pack)
    shutil.rmtree(place / "demo", ignore_errors=True)
    shutil.rmtree(place / "taken")


BOUNDED = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("place")
    (place / "outside").mkdir()
    (place / "outside" / "kept").write_bytes(b"kept")
    yield place
    assert sorted(path.name for path in place.iterdir()) == ["exp.rpz", "outside"]
    assert (place / "outside/kept").read_bytes() == b"kept"
    assert (place / "outside/kept").stat().st_nlink == 1


@pytest.mark.parametrize("pack", [packs.write_parts, None], ids=["tar", "zip"])
@pytest.mark.parametrize("form", PARTS)
@BOUNDED
@given(changes=CHANGES)
def test_the_archive(place, form, pack, changes):
    path = place / "exp.rpz"
    if pack is None:
        path.write_bytes(zipped(PARTS[form]))
    else:
        pack(path, PARTS[form])
    path.write_bytes(changed(path.read_bytes(), changes))
    all_readers(path, place)


@BOUNDED
@given(changes=CHANGES)
def test_the_data(place, changes):
    packs.write_parts(
        place / "exp.rpz", packs.parts(CONFIG, gzip.compress(changed(TAR, changes), 1))
    )
    all_readers(place / "exp.rpz", place)


@pytest.mark.parametrize("name", ["METADATA/config.yml", "METADATA/trace.sqlite3"])
@BOUNDED
@given(changes=CHANGES)
def test_metadata(place, name, changes):
    parts = PARTS["streamed"]
    found = {**parts, name: changed(parts[name], changes)}
    all_readers(packs.write_parts(place / "exp.rpz", found), place)


@BOUNDED
@given(changes=CHANGES)
def test_the_index(place, changes):
    parts = PARTS["listed"]
    line = changed(parts[INDEX].split(b"\n")[0], changes).replace(b"\n", b"")
    all_readers(packs.write_parts(place / "exp.rpz", {**parts, INDEX: hostile.index(line)}), place)


JSON = st.one_of(
    st.integers(-(2**70), 2**70),
    st.text(max_size=5),
    st.none(),
    st.booleans(),
    st.floats(),
    st.lists(st.lists(st.integers(-9, 9999), max_size=3), max_size=3),
    st.sampled_from(["/etc/hosts", "/..", "file", "symlink", "hardlink", "folder", "\udcff"]),
)
KEYS = st.sampled_from([*json.loads(next(iter(packs.manifest_lines(TAR)))), "target", "extents"])


@BOUNDED
@given(changes=st.lists(st.tuples(st.integers(0, 4), KEYS, JSON), min_size=1, max_size=3))
def test_the_manifest(place, changes):
    def edit(lines):
        for number, key, value in changes:
            lines[number % len(lines)][key] = value
        return lines

    all_readers(edited(place, FILES, edit), place)


def test_what_is_changed_is_sound_before(place):
    """Else every change would only meet the same error."""
    for parts in PARTS.values():
        path = packs.write_parts(place / "exp.rpz", parts)
        with Pack.open(path) as pack:
            assert not check(pack, lambda _count: None).faults
    assert MANIFEST in PARTS["listed"]
