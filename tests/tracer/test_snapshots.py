"""What a run changes is kept as it was: the engines, run as ``rpz trace`` runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rpz.tracer import records
from rpz.tracer.records import SnapshotKind
from rpz.tracer.stream import read_records
from tests.conftest import require
from tests.tracer import harness
from tests.tracer.harness import Traced, check_stream, traced


@pytest.fixture(params=["native", "sanitized", "python"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    fixtures = {"native": "native_tracer", "sanitized": "sanitized_tracer"}
    if fixture := fixtures.get(request.param):
        tracer = request.getfixturevalue(fixture)
        monkeypatch.setitem(harness.ENGINES, request.param, [str(tracer)])
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of the snapshots."""
    kept = tmp_path / "kept"
    kept.mkdir()
    return kept


def snapshots(run: Traced) -> dict[str, list[records.Snapshot]]:
    """Return the records by the name of the file."""
    names = {r.path: r.name for r in run.records if isinstance(r, records.PathName)}
    found: dict[str, list[records.Snapshot]] = {}
    for record in run.records:
        if isinstance(record, records.Snapshot):
            name = os.fsdecode(names[record.path].rpartition(b"/")[2])
            found.setdefault(name, []).append(record)
    return found


def warnings(run: Traced) -> list[bytes]:
    return [record.text for record in run.records if isinstance(record, records.Warn)]


def shell(engine: str, folder: Path, script: str, *options: str | Path) -> Traced:
    run = traced(engine, folder, "bash", "-c", script, options=options)
    assert run.status == 0, run.stderr
    check_stream(run.records)
    return run


def test_every_change(engine: str, folder: Path, kept: Path, compiled) -> None:
    program = compiled("snapshots")
    subprocess.run([program, "prepare"], cwd=folder, check=True)
    run = traced(engine, folder, program, options=["-s", kept])
    assert run.stderr == b""
    assert run.status == 0
    assert run.missing() == []
    check_stream(run.records)
    contents = {}
    for name, found in snapshots(run).items():
        assert found[-1].kind == SnapshotKind.CONTENT
        contents[name] = (kept / str(found[-1].number)).read_text()
    was = {name: f"was {name}\n" for name in contents}
    assert contents == was | {"renamed2": "was renamed\n", "hard4": "was hard3\n"}
    assert len(list(kept.iterdir())) == len(contents) - 1


@pytest.mark.parametrize("engine", ["native", "sanitized"], indirect=True)
def test_changes_by_handle(engine: str, folder: Path, kept: Path, compiled) -> None:
    program = compiled("users/handles")
    prepared = subprocess.run([program, "prepare"], cwd=folder, check=False).returncode
    require(prepared != 77, "no files can be opened by their handles here")
    run = traced(engine, folder, program, options=["-s", kept])
    assert (run.status, run.stderr, run.missing()) == (0, b"", [])
    copies = {found[0].number: name for name, found in snapshots(run).items()}
    assert len(copies) == 4
    for number, name in copies.items():
        assert (kept / str(number)).read_text() == f"was {name}\n"


def test_the_record_says_what_the_file_was(engine: str, folder: Path, kept: Path) -> None:
    path = folder / "f\n\udcff"
    path.write_text("before")
    path.chmod(0o4750)
    os.utime(path, ns=(-(10**18) - 1, -2))
    before = path.stat()
    run = shell(engine, folder, 'for f in *; do chmod 600 "$f"; echo after >"$f"; done', "-s", kept)
    status, content = snapshots(run)[path.name]
    assert (status.kind, status.number) == (SnapshotKind.STATUS, 0)
    assert (content.kind, content.number) == (SnapshotKind.CONTENT, 1)
    assert (status.mode, content.mode) == (before.st_mode, 0o100600)
    for record in (status, content):
        assert (record.device, record.inode, record.size) == (before.st_dev, before.st_ino, 6)
        assert (record.links, record.uid, record.gid) == (1, before.st_uid, before.st_gid)
        assert (record.accessed, record.modified) == (2**64 - 10**18 - 1, 2**64 - 2)
    assert (kept / "1").read_text() == "before"
    assert (kept / "1").stat().st_mode & 0o7777 == 0o600


def test_a_large_file_is_said(engine: str, folder: Path, kept: Path) -> None:
    (folder / "large").write_bytes(b"x" * 101)
    (folder / "small").write_bytes(b"x" * 100)
    run = shell(
        engine, folder, "for f in *; do echo >>$f; echo >>$f; done", "-s", kept, "-l", "100"
    )
    found = snapshots(run)
    assert [(r.kind, r.number, r.size) for r in found["large"]] == [
        (SnapshotKind.TOO_LARGE, 0, 101)
    ]
    assert [(r.kind, r.number) for r in found["small"]] == [(SnapshotKind.CONTENT, 1)]
    (warning,) = warnings(run)
    assert bytes(folder / "large") in warning
    assert b"larger than --snapshot-limit" in warning


def test_a_failure_is_said_and_the_run_goes_on(engine: str, folder: Path, kept: Path) -> None:
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")
    shutil.rmtree(kept)
    kept.symlink_to(folder / "kept")
    (folder / "kept").mkdir()
    run = shell(engine, folder, "rm -r kept; echo >a; echo >b; cat b", "-s", kept)
    assert run.stdout == b"\n"
    kinds = {name: [r.kind for r in found] for name, found in snapshots(run).items()}
    assert kinds == {"a": [SnapshotKind.FAILED], "b": [SnapshotKind.FAILED]}
    assert all(b"not kept: No such file or directory" in text for text in warnings(run))
    assert len(warnings(run)) == 2


@pytest.mark.parametrize("engine", ["native", "sanitized"], indirect=True)
def test_a_sparse_file_stays_sparse(engine: str, folder: Path, kept: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        for offset in (0, 10 << 20, (30 << 20) - 1):
            file.seek(offset)
            file.write(b"x")
        file.truncate(40 << 20)
    content = (folder / "sparse").read_bytes()
    shell(engine, folder, "echo >sparse", "-s", kept)
    assert (kept / "1").read_bytes() == content
    assert (kept / "1").stat().st_blocks * 512 < 1 << 20


def test_without_a_folder_nothing_is_kept(engine: str, folder: Path) -> None:
    (folder / "f").write_text("before")
    assert snapshots(shell(engine, folder, "echo after >f; chmod 600 f; rm f")) == {}


def test_the_folder_itself_and_the_kernels_files_are_not_kept(engine: str, folder: Path) -> None:
    kept = folder / "kept"
    kept.mkdir()
    (folder / "f").write_text("before")
    script = "echo >f; echo >kept/1; rm -r kept; echo >/dev/null; : >/proc/self/comm || true"
    run = shell(engine, folder, script, "-s", kept)
    assert list(snapshots(run)) == ["f"]
    assert warnings(run) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("engine", ["native", "sanitized"], indirect=True)
def test_half_of_a_small_disk_is_left(engine: str, folder: Path, kept: Path) -> None:
    for name, size in {"a": 2 << 20, "b": 3 << 20}.items():
        (folder / name).write_bytes(os.urandom(size))
    # 6 MB: a copy of `a` fits in half of it, one of `b` would fit in what is left then
    script = (
        f"mount -t tmpfs -o size=6m none {kept} && "
        f'{harness.ENGINES[engine][0]} -s {kept} {folder}.records -- sh -c "echo >a; echo >b" && '
        f"ls -l {kept}; umount {kept}"
    )
    argv = ["unshare", "--mount", "sh", "-c", script]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=True)
    assert [line.split()[4] for line in done.stdout.decode().splitlines()[1:]] == [f"{2 << 20}"]
    run = Traced(0, b"", b"", list(read_records(folder.with_name("run.records"))))
    kinds = {name: [SnapshotKind(r.kind) for r in found] for name, found in snapshots(run).items()}
    assert kinds == {"a": [SnapshotKind.CONTENT], "b": [SnapshotKind.FAILED]}
    (warning,) = warnings(run)
    assert b"No space left on device" in warning


@pytest.mark.parametrize("engine", ["native", "sanitized"], indirect=True)
def test_an_access_time_is_left(engine: str, folder: Path, kept: Path) -> None:
    path = folder / "f"
    path.write_text("before")
    os.utime(path, ns=(1, 2 * 10**18))  # older than the change: a read would renew it (relatime)
    shell(engine, folder, "echo >>f", "-s", kept)
    assert path.stat().st_atime_ns == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_may_not_be_changed_is_not_copied(native_tracer: Path) -> None:
    nobody = 65534
    user = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "roots").write_text("root's")
        for path in (folder / "own", folder / "own/kept"):
            path.mkdir()
        (folder / "own/mine").write_text("mine")
        for path in (folder / "own", *(folder / "own").iterdir()):
            os.chown(path, nobody, nobody)
        tracer = shutil.copy(native_tracer, folder / "tracer")
        script = "echo >>roots; rm -f roots; mv -f own/mine roots; echo >>own/mine"
        argv = [*user, tracer, "-s", "own/kept", "own/out", "--", "bash", "-c", script]
        subprocess.run(argv, cwd=folder, check=True, stderr=subprocess.DEVNULL)
        run = Traced(0, b"", b"", list(read_records(folder / "own/out")))
        assert list(snapshots(run)) == ["mine"]
        assert (folder / "own/kept/1").read_text() == "mine"


def test_a_file_made_without_a_name_is_the_runs_own(engine: str, folder: Path, kept: Path) -> None:
    code = """
import ctypes, os
fd = os.open(".", os.O_TMPFILE | os.O_WRONLY)
assert ctypes.CDLL(None).linkat(fd, b"", -100, b"made", 0x1000) == 0
open("made", "a").write("more")"""
    run = traced(engine, folder, sys.executable, "-I", "-S", "-c", code, options=["-s", kept])
    assert run.status == 0, run.stderr
    assert snapshots(run) == {}
