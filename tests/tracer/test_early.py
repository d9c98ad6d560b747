"""Digests that are taken while the run goes on: right, or none."""

from __future__ import annotations

import hashlib
import mmap
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from rpz.tracer import disks, early
from rpz.tracer.database import TraceDatabase
from rpz.tracer.digests import add_digests
from rpz.tracer.early import EarlyDigests
from rpz.tracer.rows import DigestRow, FileRow


@pytest.fixture
def digests():
    made = EarlyDigests()
    yield made
    made.stop()


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A file; what was written just now counts as old."""
    monkeypatch.setattr(early, "OLD", -1_000_000_000)
    monkeypatch.setattr(early, "write_back_delay", lambda: -1_000_000_000)
    monkeypatch.setattr(early, "tells_of_changes", lambda _path: True)
    path = tmp_path / "old"
    path.write_bytes(b"content" * 100)
    return path


def known(digests: EarlyDigests, path: Path, seconds: float = 10) -> str | None:
    digests.offer(os.fsencode(path))
    end = time.monotonic() + seconds
    while (digest := digests.digest(path.stat())) is None and time.monotonic() < end:
        time.sleep(0.01)
    return digest


def test_it_is_the_digest(digests, old):
    assert known(digests, old) == hashlib.sha256(old.read_bytes()).hexdigest()


def test_what_is_written_to_later_is_not_known(digests, old):
    assert known(digests, old)
    with old.open("r+b") as file:
        file.write(b"C")
    assert digests.digest(old.stat()) is None


@pytest.mark.usefixtures("old")
def test_what_was_changed_a_moment_ago_is_not_hashed(digests, tmp_path, monkeypatch):
    new = tmp_path / "new"
    new.write_bytes(b"new")
    monkeypatch.setattr(early, "OLD", 60 * 1_000_000_000)
    assert known(digests, new, seconds=0.2) is None
    monkeypatch.setattr(early, "OLD", -1_000_000_000)
    assert known(digests, new)  # the thread is alive


@pytest.mark.parametrize("kind", ["folder", "link", "missing", "fifo", "too large"])
def test_only_plain_files_of_a_usual_size(digests, tmp_path, old, kind, monkeypatch):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(old)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "too large":
        path.write_bytes(b"x" * 1000)
        monkeypatch.setattr(early, "LARGEST", 999)
    digests.offer(os.fsencode(path))
    assert known(digests, old)  # which was offered after it
    if path.exists() and kind != "link":
        assert digests.digest(path.lstat()) is None


def test_nobody_at_the_other_end_of_a_pipe_notices(digests, old):
    os.mkfifo(pipe := old.with_name("pipe"))
    with subprocess.Popen(["sh", "-c", 'echo said > "$0"', pipe]) as writer:
        digests.offer(os.fsencode(pipe))
        assert known(digests, old)  # which was offered after it
        assert pipe.read_text() == "said\n"
    assert writer.returncode == 0


def test_what_is_never_written_back_is_not_hashed(digests, monkeypatch):
    """There, what is written through a mapping changes the times of a file only once."""
    monkeypatch.setattr(early, "OLD", -1_000_000_000)
    monkeypatch.setattr(early, "write_back_delay", lambda: -1_000_000_000)
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        path = Path(file.name)
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), mmap.PAGESIZE) as mapped:
            mapped[0] = 1
            before = early.stamp(path.stat())
            mapped[0] = 2
            assert early.stamp(path.stat()) == before
            assert known(digests, path, seconds=0.2) is None


def test_only_disks_tell_of_changes():
    assert disks.tells_of_changes(b"/proc/self/mounts") is False
    assert disks.tells_of_changes(b"/nowhere") is False
    kinds = subprocess.run(
        ["stat", "-f", "-c", "%t", "/"], capture_output=True, check=True
    ).stdout  # another one asks the kernel, too
    assert disks.tells_of_changes(b"/") is (int(kinds, 16) in disks.TELL)


def test_nothing_is_hashed_when_it_was_stopped(digests, old):
    assert known(digests, old)
    digests.stop()
    other = old.with_name("other")
    other.write_bytes(b"other")
    assert known(digests, other, seconds=0.2) is None


def test_signals_are_for_the_thread_that_waits(digests, old):
    assert known(digests, old)
    thread = digests._thread
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    blocked = next(int(line.split()[1], 16) for line in status.splitlines() if "SigBlk" in line)
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGUSR1):
        assert blocked >> (signum - 1) & 1
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_they_are_what_the_trace_gets(digests, old, tmp_path, monkeypatch):
    """The files that are known aren't read again; the others are."""
    other = tmp_path / "other"
    other.write_bytes(b"other")
    assert known(digests, old)
    monkeypatch.setitem(digests._digests, early.stamp(old.stat()), "known")
    steps: list[int] = []
    with TraceDatabase.temporary() as database:
        database.add(
            FileRow(n, 0, os.fsencode(path), n, 1, False, 1, True, False)
            for n, path in enumerate((old, other))
        )
        add_digests(database, 0, tmp_path, lambda size: steps.append(size) or steps.append, digests)
        found = {row.name: row.sha256 for row in database.rows(DigestRow)}
    assert found == {
        os.fsencode(old): "known",
        os.fsencode(other): hashlib.sha256(b"other").hexdigest(),
    }
    assert steps == [5, 5]
