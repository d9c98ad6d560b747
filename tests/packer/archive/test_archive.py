"""What is written is what was there, and is read back; what is damaged is told."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.packer.archive import blocks
from rpz.packer.archive.format import PackError
from rpz.packer.archive.headers import exact_seconds
from rpz.packer.archive.members import Member, Members
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.writer import Content, write_archive
from rpz.packer.select import Kind
from tests.packer.config.test_reader import GOOD


def listed(*paths):
    members = {os.fsencode(p): Member(os.fsencode(p), Kind.FILE, os.fsencode(p)) for p in paths}
    complete = Members(members.values())
    complete.add_parents()
    return list(complete)


def write(target, members, tmp_path, progress=lambda _count: None, extras=None):
    trace = tmp_path / "trace.sqlite3"
    trace.write_bytes(b"trace")
    content = Content(members, trace, lambda pack_id: f'pack_id: "{pack_id}"\n{GOOD}', extras or {})
    return write_archive(target, content, progress)


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    return folder


@pytest.fixture
def pack(tmp_path, files):
    """A small pack of two files, at ``experiment.rpz``."""
    (files / "a").write_bytes(b"content of a" * 500)
    (files / "b").write_bytes(os.urandom(5000))
    target = tmp_path / "experiment.rpz"
    write(target, listed(files / "a", files / "b"), tmp_path, extras={"rpz/init": files / "a"})
    return target


def contents(path):
    with Pack.open(path) as pack, pack.data() as tar:
        return {
            info.name: (info, tar.extractfile(info).read() if info.isreg() else None)
            for info in tar
        }


def test_the_parts_are_in_reprozips_order(pack):
    with tarfile.open(pack, "r:") as tar:
        names = tar.getnames()
    assert names == [
        "DATA.tar.gz", "METADATA/version", "METADATA/trace.sqlite3", "METADATA/config.yml",
        "EXTENSIONS/rpz/summary.json", "EXTENSIONS/rpz/manifest.jsonl.gz", "EXTENSIONS/rpz/init",
        "EXTENSIONS/rpz/index.jsonl",
    ]  # fmt: skip


def test_all_parts_are_read_back(pack, files):
    with Pack.open(pack) as opened:
        assert opened.config.runs[0].argv == ("cat", "a")
        assert opened.config.pack_id
        assert opened.metadata("trace.sqlite3").read() == b"trace"
        assert opened.extension("rpz/init").read() == (files / "a").read_bytes()
        assert opened.extension("rpz/none") is None
        assert opened.summary().files == 2
        assert opened.summary().bytes == 11000


def test_gnu_tar_reads_it(pack, files, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "xf", pack, "-C", out], check=True)
    subprocess.run(["tar", "xzf", out / "DATA.tar.gz", "-C", out], check=True)
    assert (out / "DATA" / str(files)[1:] / "b").read_bytes() == (files / "b").read_bytes()


def test_folders_come_before_what_is_in_them(files):
    for name in ("a", "a-b", "a/c"):
        (files / name).parent.mkdir(exist_ok=True)
    names = [m.path for m in listed(files / "d-1/x", files / "d/y")]
    below = [n.removeprefix(os.fsencode(files)) for n in names if n.startswith(os.fsencode(files))]
    assert below == [b"", b"/d", b"/d/y", b"/d-1", b"/d-1/x"]


@pytest.mark.parametrize("nanoseconds", [0, 1, 1_700_000_000_123_456_789, -1_500_000_000, 10**9])
def test_times_are_exact(files, tmp_path, nanoseconds):
    path = files / "f"
    path.touch()
    os.utime(path, ns=(nanoseconds, nanoseconds))
    found = path.stat().st_mtime_ns
    assert found == nanoseconds
    write(tmp_path / "p.rpz", listed(path), tmp_path)
    info, _ = contents(tmp_path / "p.rpz")[f"DATA{path}"]
    if nanoseconds % 10**9:
        assert info.pax_headers["mtime"] == exact_seconds(nanoseconds)
    else:
        assert info.mtime == nanoseconds // 10**9


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(-1_500_000_000, "-1.500000000"), (1, "0.000000001"), (10**18 + 1, "1000000000.000000001")],
)
def test_seconds_are_written_in_full(nanoseconds, text):
    assert exact_seconds(nanoseconds) == text


def test_mode_and_owner_are_kept_and_names_of_users_are_not(files, tmp_path):
    (files / "f").touch()
    (files / "f").chmod(0o4751)
    write(tmp_path / "p.rpz", listed(files / "f"), tmp_path)
    info, _ = contents(tmp_path / "p.rpz")[f"DATA{files}/f"]
    assert info.mode == 0o4751
    assert (info.uid, info.gid) == (os.getuid(), os.getgid())
    assert (info.uname, info.gname) == ("", "")


def test_hard_links_are_stored_once(files, tmp_path):
    (files / "a").write_bytes(b"x" * 1000)
    (files / "b").hardlink_to(files / "a")
    summary = write(tmp_path / "p.rpz", listed(files / "a", files / "b"), tmp_path)
    info, _ = contents(tmp_path / "p.rpz")[f"DATA{files}/b"]
    assert info.islnk()
    assert info.linkname == f"DATA{files}/a"
    assert summary.bytes == 1000


def test_a_link_has_the_target_that_was_recorded(files, tmp_path):
    (files / "l").symlink_to("new")
    path = os.fsencode(files / "l")
    write(tmp_path / "p.rpz", [Member(path, Kind.LINK, path, b"old\xff")], tmp_path)
    info, _ = contents(tmp_path / "p.rpz")[f"DATA{files}/l"]
    assert info.issym()
    assert os.fsencode(info.linkname) == b"old\xff"


def test_what_is_gone_is_made_up_where_that_can_be(tmp_path):
    members = [Member(b"/d", Kind.FOLDER, None), Member(b"/d/l", Kind.LINK, None, b"t")]
    write(tmp_path / "p.rpz", members, tmp_path)
    found = contents(tmp_path / "p.rpz")
    assert found["DATA/d"][0].isdir()
    assert found["DATA/d/l"][0].linkname == "t"


@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\nb", b"x" * 255, "é".encode() * 100, b" #:"])
def test_any_name_survives(files, tmp_path, name):
    path = os.fsencode(files) + b"/" + name
    Path(os.fsdecode(path)).write_bytes(b"content")
    write(tmp_path / "p.rpz", listed(path), tmp_path)
    found = contents(tmp_path / "p.rpz")
    assert found[os.fsdecode(b"DATA" + path)][1] == b"content"


def test_the_same_files_give_the_same_bytes(files, tmp_path, monkeypatch):
    for name in "abc":
        (files / name).write_bytes(os.urandom(1_500_000))
    members = listed(files / "a", files / "b", files / "c")[-3:]
    write(tmp_path / "1.rpz", members, tmp_path)
    monkeypatch.setattr(blocks.os, "sched_getaffinity", lambda _: range(4))
    write(tmp_path / "2.rpz", members, tmp_path)
    assert (tmp_path / "1.rpz").read_bytes() == (tmp_path / "2.rpz").read_bytes()


def test_progress_counts_all_bytes(files, tmp_path):
    (files / "a").write_bytes(bytes(3_000_000))
    steps = []
    write(tmp_path / "p.rpz", listed(files / "a"), tmp_path, steps.append)
    assert sum(steps) == 3_000_000
    assert len(steps) > 1


@pytest.mark.parametrize("action", ["shrink", "grow", "touch"])
def test_a_file_that_changes_meanwhile_stops_it(files, tmp_path, action):
    path = files / "a"
    path.write_bytes(bytes(3_000_000))

    def change(_count):
        if action == "touch":
            os.utime(path, ns=(1, 1))
        else:
            os.truncate(path, 1_000_000 if action == "shrink" else 4_000_000)

    with pytest.raises(PackError, match="a changed while it was being packed"):
        write(tmp_path / "p.rpz", listed(path), tmp_path, change)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["trace.sqlite3", "w"]


@pytest.mark.parametrize("replacement", ["nothing", "pipe", "link"])
def test_a_file_that_is_replaced_meanwhile_stops_it(files, tmp_path, replacement):
    (files / "a").touch()
    members = listed(files / "a")
    (files / "a").unlink()
    if replacement == "pipe":
        os.mkfifo(files / "a")
    elif replacement == "link":
        (files / "a").symlink_to("b")
    with pytest.raises(PackError, match=r"a can't be packed|a is no longer a file"):
        write(tmp_path / "p.rpz", members, tmp_path)
    assert not (tmp_path / "p.rpz").exists()


def test_a_full_disk_leaves_nothing(files, tmp_path):
    (files / "a").write_bytes(os.urandom(3_000_000))
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.packer.archive.test_archive import listed, write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "write(Path(sys.argv[1]), listed(sys.argv[2]), Path(sys.argv[3]))\n"
    )
    argv = [shutil.which("python3") and os.sys.executable, "-c", code]
    argv += [tmp_path / "p.rpz", files / "a", tmp_path]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["trace.sqlite3", "w"]


def test_sizes_over_8_gib_fit_the_header():
    info = tarfile.TarInfo("DATA.tar.gz")
    info.size = 1 << 40
    assert (
        tarfile.TarInfo.frombuf(info.tobuf(tarfile.GNU_FORMAT), "utf-8", "strict").size == 1 << 40
    )


def test_an_outer_compression_is_accepted(pack, tmp_path):
    zipped = tmp_path / "z.rpz"
    zipped.write_bytes(gzip.compress(pack.read_bytes()))
    assert contents(zipped).keys() == contents(pack).keys()


def test_a_zipped_trace_is_accepted(pack, tmp_path):
    changed = rebuilt(pack, tmp_path, "METADATA/trace.sqlite3", None)
    with tarfile.open(changed, "a:") as tar:
        add(tar, "METADATA/trace.sqlite3.gz", gzip.compress(b"zipped"))
    with Pack.open(changed) as opened:
        assert opened.metadata("trace.sqlite3").read() == b"zipped"


def add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def rebuilt(pack, tmp_path, name, content):
    """Copy a pack with one part changed, or left out."""
    target = tmp_path / "changed.rpz"
    with tarfile.open(pack, "r:") as old, tarfile.open(target, "w:") as new:
        for info in old:
            part = old.extractfile(info).read()
            if info.name != name or content is not None:
                add(new, info.name, content if info.name == name else part)
    return target


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("METADATA/version", b"REPROZIP VERSION 3\n", "has version 3"),
        ("METADATA/version", b"REPROZIP VERSION 1\n", "is not a pack"),
        ("METADATA/version", b"something", "is damaged: its METADATA/version"),
        ("METADATA/version", None, "is damaged or cut short"),
        ("METADATA/config.yml", None, "is damaged or cut short"),
        ("DATA.tar.gz", None, "is not a pack"),
        ("METADATA/config.yml", b"version: 1", "expected"),
        ("DATA.tar.gz", b"something", "is damaged or cut short"),
        ("DATA.tar.gz", gzip.compress(b"something", mtime=0), "is damaged or cut short"),
    ],
)
def test_a_wrong_part_is_told(pack, tmp_path, name, content, message):
    changed = rebuilt(pack, tmp_path, name, content)
    with pytest.raises(RpzError, match=message):
        use(changed)


@pytest.mark.parametrize(
    "content", [b"", b"x", b"text " * 1000, bytes(10240), b"PK\3\4" + bytes(99)]
)
def test_what_is_no_archive_is_told(tmp_path, content):
    (tmp_path / "x.rpz").write_bytes(content)
    with pytest.raises(PackError, match="is not a pack"):
        Pack.open(tmp_path / "x.rpz")


def test_a_folder_is_told(tmp_path):
    with pytest.raises(PackError, match="is a folder"):
        Pack.open(tmp_path)


def use(path):
    """Read all that a pack has."""
    with Pack.open(path) as pack:
        pack.config  # noqa: B018
        pack.summary()
        pack.metadata("trace.sqlite3").read()
        with pack.data() as tar:
            for info in tar:
                if info.isreg():
                    tar.extractfile(info).read()


def test_a_pack_cut_anywhere_is_told(pack, tmp_path):
    whole = pack.read_bytes()
    with tarfile.open(pack, "r:") as tar:
        end = max(info.offset_data + info.size for info in tar)
    cut = tmp_path / "cut.rpz"
    for length in range(0, end, 509):
        cut.write_bytes(whole[:length])
        with pytest.raises(PackError):
            use(cut)


def test_the_check_sum_of_the_data_is_verified(pack, tmp_path):
    with tarfile.open(pack, "r:") as tar:
        zipped = bytearray(tar.extractfile("DATA.tar.gz").read())
    zipped[-6] ^= 1
    changed = rebuilt(pack, tmp_path, "DATA.tar.gz", bytes(zipped))
    with pytest.raises(PackError, match="damaged"):
        use(changed)


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 30000), st.integers(1, 255)), min_size=1, max_size=4)
)
def test_a_pack_with_any_bytes_flipped_is_read_or_told(pack, changes):
    damaged = bytearray(pack.read_bytes())
    for offset, mask in changes:
        damaged[offset % len(damaged)] ^= mask
    path = pack.with_name("flipped.rpz")
    path.write_bytes(damaged)
    with contextlib.suppress(RpzError):  # any other error fails the test
        use(path)


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 255)), min_size=1, max_size=4)
)
def test_hostile_data_are_read_or_told(pack, changes):
    with Pack.open(pack) as opened:
        inner = bytearray(gzip.decompress(opened.member("DATA.tar.gz").read()))
    for offset, mask in changes:
        inner[offset % len(inner)] ^= mask
    changed = rebuilt(pack, pack.parent, "EXTENSIONS/rpz/index.jsonl", None)
    changed = changed.rename(pack.parent / "unindexed.rpz")
    changed = rebuilt(changed, pack.parent, "DATA.tar.gz", gzip.compress(bytes(inner), 1))
    with contextlib.suppress(RpzError):
        use(changed)
