"""Files made by several processes: the same as from the stream, and no more is believed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from rpz.errors import RpzError
from rpz.packer.archive.format import PackError
from rpz.packer.archive.index import index_bytes, parsed_index
from rpz.packer.archive.reader import Pack
from rpz.unpackers import workers
from rpz.unpackers.errors import HostileArchiveError
from rpz.unpackers.extract import extract
from rpz.unpackers.parallel import PORTION, unpack_files
from tests.unpackers import packs
from tests.unpackers.packs import file, folder, member

MANIFEST = "EXTENSIONS/rpz/manifest.jsonl.gz"
INDEX = "EXTENSIONS/rpz/index.jsonl"
CONFIG = packs.config(("status", "0"))
FEW = [
    folder("DATA/etc", mode=0o750),
    file("DATA/etc/hosts", b"content", mode=0o4640, uid=7, gid=8),
    member("DATA/etc/hosts2", tarfile.LNKTYPE, linkname="DATA/etc/hosts", mode=0o4640),
    member("DATA/etc/link", tarfile.SYMTYPE, linkname="/anywhere/\udcff"),
    file("DATA/implied/deep/file", mode=0o400),
    folder("DATA/read-only", mode=0o555, uid=9),
    file("DATA/read-only/\udcff\n", b"x" * 3_500_000),
]
MANY = [
    *FEW[:6],
    *(file(f"DATA/read-only/{n:05}", b"%d" % n * 50, mode=0o600 + n % 64) for n in range(1500)),
    FEW[6],
]


def written(tmp_path, members):
    return packs.write_parts(tmp_path / "exp.rpz", packs.listed_parts(CONFIG, members))


def unpacked(path, root):
    root.mkdir()
    with Pack.open(path) as pack:
        return unpack_files(pack, root)


def listed(root):
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        link = path.readlink() if path.is_symlink() else None
        time = status.st_mtime_ns if path.name not in ("implied", "deep") else 0
        found[path.relative_to(root)] = (
            oct(status.st_mode), status.st_uid, status.st_gid, time, status.st_nlink, link, content
        )  # fmt: skip
    return found


@pytest.mark.parametrize("members", [FEW, MANY], ids=["few", "many"])
def test_as_from_the_stream(tmp_path, members):
    path = written(tmp_path, members)
    (tmp_path / "stream").mkdir()
    with Pack.open(path) as pack, pack.data() as archive:
        privileged = extract(archive, tmp_path / "stream")
    before = os.umask(0o027)
    try:
        assert unpacked(path, tmp_path / "root") == privileged
    finally:
        assert os.umask(before) == 0o027
    found = listed(tmp_path / "root")
    assert len(found) == len(members) + 2
    assert found == listed(tmp_path / "stream")


def test_several_processes_are_at_work(tmp_path, monkeypatch):
    given = []
    give = workers.Workers.give
    monkeypatch.setattr(
        workers.Workers, "give", lambda team, lines: (given.append(lines), give(team, lines))
    )
    unpacked(written(tmp_path, MANY), tmp_path / "root")
    assert len(given) > 5
    assert all(sum(map(len, lines)) <= PORTION for lines in given)


def test_a_file_with_many_holes(tmp_path):
    """Its line is longer than what a worker can be sent."""
    lines = packs.listed_parts(CONFIG, MANY)
    line = json.loads(gzip.decompress(lines[MANIFEST]).splitlines()[-1])
    extents = [[n * 100, 50] for n in range(line["size"] // 50)]
    line |= {"extents": extents, "size": extents[-1][0] + 50}
    unpacked(edited(tmp_path, MANY, lambda old: [*old[:-1], line]), tmp_path / "root")
    made = tmp_path / "root/read-only/\udcff\n"
    assert made.stat().st_size == line["size"]
    assert made.read_bytes()[:200] == (b"x" * 50 + bytes(50)) * 2


def edited(tmp_path, members, edit):
    """Write a pack with another manifest, of which its index knows."""
    found = packs.listed_parts(CONFIG, members)
    lines = edit([json.loads(line) for line in gzip.decompress(found[MANIFEST]).splitlines()])
    found[MANIFEST] = gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    index = parsed_index(found[INDEX])
    digest = hashlib.sha256(found[MANIFEST]).hexdigest()
    part = replace(index.parts[MANIFEST], sha256=digest, size=len(found[MANIFEST]))
    index = replace(index, members=len(lines), parts={**index.parts, MANIFEST: part})
    found[INDEX] = index_bytes(index)
    return packs.write_parts(tmp_path / "exp.rpz", found)


def with_line(number, **changes):
    return lambda lines: [*lines[:number], lines[number] | changes, *lines[number + 1 :]]


EDITS = {
    "twice": lambda lines: [*lines, lines[-1]],
    "twice, far apart": lambda lines: [lines[-1], *lines],
    "another order": lambda lines: lines[::-1],
    "dots": with_line(3, path="/etc/../../outside/file"),
    "relative": with_line(3, path="etc/zz"),
    "dot": with_line(3, path="/etc/./zz"),
    "slashes": with_line(3, path="/etc//zz"),
    "nul": with_line(3, path="/etc/z\0z"),
    "in a file": with_line(2, path="/etc/hosts/file"),
    "in a link": with_line(4, path="/etc/link/file"),
    "hard link outside": with_line(2, target="/../../outside/kept"),
    "hard link to nothing": with_line(2, target="/etc/no"),
    "hard link to a link": with_line(2, target="/etc/link"),
    "hard link to a folder": with_line(2, target="/etc"),
    "hard link through a link": with_line(2, target="/etc/link/x"),
    "hard link to a later file": with_line(2, target="/implied/deep/file"),
    "hard link to itself": with_line(2, target="/etc/hosts2"),
    "empty link": with_line(3, target=""),
    "nul in a link": with_line(3, target="a\0b"),
    "nobody": with_line(1, uid=2**32 - 1),
    "nobody's group": with_line(1, gid=2**32),
    "2**60 bytes": with_line(1, size=2**60, extents=[[0, 5]]),
    "2**60 bytes of content": with_line(1, size=2**60),
    "the same bytes again": with_line(4, start=0, content=512, end=10_000),
    "beyond the end": with_line(-1, end=2**40, size=2**39),
    "a device": with_line(1, type="device"),
    "too deep": with_line(3, path="/etc" + "/z" * 600),
    "too long": with_line(3, path="/etc/" + "z" * 5000),
    "a long name": with_line(3, path="/etc/" + "z" * 300),
    "no object": lambda lines: [*lines[:3], [], *lines[3:]],
    "no time": with_line(1, mtime=2**80),
    "too few": lambda lines: lines[:-1],
}


@pytest.mark.parametrize("members", [FEW, MANY], ids=["few", "many"])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_hostile_manifest(tmp_path, members, edit):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    path = edited(tmp_path, members, edit)
    if edit is EDITS["too few"]:
        with Pack.open(path) as pack:
            index = replace(pack.index, members=len(members))
        parts = packs.listed_parts(CONFIG, members)
        with tarfile.open(path) as tar:
            parts[MANIFEST] = tar.extractfile(MANIFEST).read()
        packs.write_parts(path, {**parts, INDEX: index_bytes(index)})
    with pytest.raises((RpzError, OSError)) as raised:
        unpacked(path, tmp_path / "root")
    assert "\n" not in str(raised.value)
    assert [(p.name, p.read_bytes(), p.stat().st_nlink) for p in outside.iterdir()] == [
        ("kept", b"kept", 1)
    ]


def test_another_manifest_than_the_index_tells(tmp_path):
    found = packs.listed_parts(CONFIG, FEW)
    found[MANIFEST] = gzip.compress(gzip.decompress(found[MANIFEST]).replace(b"hosts", b"hopes"))
    path = packs.write_parts(tmp_path / "exp.rpz", found)
    with pytest.raises(PackError, match="damaged"):
        unpacked(path, tmp_path / "root")


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_damaged_data(tmp_path, place):
    path = written(tmp_path, MANY)
    content = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        info = tar.getmember("DATA.tar.gz")
    content[info.offset_data + int(info.size * place)] ^= 1
    path.write_bytes(content)
    with pytest.raises(RpzError, match="damaged"):
        unpacked(path, tmp_path / "root")


def test_a_worker_that_is_killed(tmp_path, monkeypatch):
    def killed(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    parent = os.getpid()
    make = workers._child
    monkeypatch.setattr(
        workers, "_child", lambda *given: killed() if os.getpid() != parent else make(*given)
    )
    before = children()
    with pytest.raises(HostileArchiveError, match="killed"):
        unpacked(written(tmp_path, MANY), tmp_path / "root")
    assert children() <= before


def test_an_interruption_ends_the_workers(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(workers.Workers, "give", interrupted)
    before = children()
    with pytest.raises(KeyboardInterrupt):
        unpacked(written(tmp_path, MANY), tmp_path / "root")
    assert children() <= before


def children():
    """Return our children; other tests may have left some."""
    return {*Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_no_room_is_told_as_such(tmp_path, monkeypatch):
    """A failure of a worker's call keeps its number, by which others know what it means."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rpz.unpackers.listed.write_piece", full)
    with pytest.raises(OSError, match="No space") as raised:
        unpacked(written(tmp_path, MANY), tmp_path / "root")
    assert raised.value.errno == 28
    assert str(raised.value.filename).startswith("/")
