"""Runs that are cut short, and what never hides the command's own exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import FileRow, RunRow
from tests.conftest import require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Rpz

pytestmark = pytest.mark.usefixtures("native_tracer")

LOOP = "echo 1 >before; echo $PPID; read line"


def runs(folder: Path) -> list[RunRow]:
    with TraceDatabase.open(folder / "trace.sqlite3") as database:
        return list(database.rows(RunRow))


def names(folder: Path) -> set[bytes]:
    with TraceDatabase.open(folder / "trace.sqlite3") as database:
        return {row.name for row in database.rows(FileRow)}


def killed(rpz: Rpz, *options: str) -> None:
    """Leave a run of which rpz, and its tracer, were killed."""
    child = rpz.start("trace", "-q", *options, "sh", "-c", LOOP, stdin=subprocess.PIPE)
    assert child.stdout is not None
    tracer = int(child.stdout.readline())
    child.kill()
    child.wait()
    os.kill(tracer, signal.SIGKILL)
    child.stdout.read()  # until the command, whose tracer is gone, is gone too
    child.stdout.close()
    child.stderr.close()
    child.stdin.close()


def test_a_run_that_was_killed_is_recovered_and_packed(rpz: Rpz) -> None:
    killed(rpz)
    trace = rpz.folder / ".rpz-trace"
    for options in ([], ["--continue"]):
        done = rpz("trace", *options, "touch", "made")
        assert done.returncode == 125
        assert b"rpz recover -d .rpz-trace" in done.stderr
        assert b"--overwrite" in done.stderr
    assert not (rpz.folder / "made").exists()
    done = rpz("recover")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(b"rpz: Recovered run 0: 1 process, ")
    (run,) = runs(trace)
    assert (run.exitcode, run.ended) == (None, None)
    assert os.fsencode(rpz.folder / "before") in names(trace)
    assert (trace / "config.yml").is_file()
    assert rpz("pack").returncode == 0
    shown = rpz("info", "experiment.rpz")
    assert shown.returncode == 0
    assert b"ended: not seen" in shown.stdout
    assert rpz("trace", "--continue", "true").returncode == 0
    assert [run.id for run in runs(trace)] == [0, 1]


def test_nothing_to_recover(rpz: Rpz) -> None:
    done = rpz("recover")
    assert done.returncode == 1
    assert b"There is no trace at .rpz-trace" in done.stderr
    assert rpz("trace", "true").returncode == 0
    before = (rpz.folder / ".rpz-trace" / "trace.sqlite3").read_bytes()
    done = rpz("recover")
    assert (done.returncode, done.stderr) == (
        0,
        b"rpz: .rpz-trace holds no run that was cut short\n",
    )
    assert (rpz.folder / ".rpz-trace" / "trace.sqlite3").read_bytes() == before


def test_a_run_that_was_to_overwrite_is_added(rpz: Rpz) -> None:
    assert rpz("trace", "true").returncode == 0
    killed(rpz, "--overwrite")
    assert rpz("recover").returncode == 0
    assert [run.exitcode for run in runs(rpz.folder / ".rpz-trace")] == [0, None]
    assert rpz("trace", "--overwrite", "true").returncode == 0
    assert [run.exitcode for run in runs(rpz.folder / ".rpz-trace")] == [0]


def test_a_tracer_that_goes_on_without_rpz_is_waited_for(rpz: Rpz) -> None:
    child = rpz.start("trace", "-q", "sh", "-c", "echo ready; cat; touch after", stdin=-1)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.kill()
    child.wait()
    done = rpz("recover")
    assert done.returncode == 1
    assert b"A run is still being traced into .rpz-trace" in done.stderr
    assert child.stdin is not None
    child.stdin.close()
    child.stdout.read()
    while b"still being traced" in (done := rpz("recover")).stderr:
        time.sleep(0.05)
    assert done.returncode == 0
    (run,) = runs(rpz.folder / ".rpz-trace")
    assert run.exitcode == 0
    assert os.fsencode(rpz.folder / "after") in names(rpz.folder / ".rpz-trace")
    child.stdout.close()
    child.stderr.close()


def test_two_traces_into_one_folder(rpz: Rpz) -> None:
    with rpz.start("trace", "-q", "sh", "-c", "echo ready; cat", stdin=-1) as child:
        assert child.stdout.readline() == b"ready\n"
        done = rpz("trace", "--overwrite", "touch", "made")
        assert done.returncode == 125
        assert b"Another rpz is at work in .rpz-trace" in done.stderr
        assert done.stderr.count(b"\n") == 1
        child.stdin.close()
        assert child.wait(timeout=30) == 0
    assert not (rpz.folder / "made").exists()
    assert not (rpz.folder / ".rpz-trace" / "lock").exists()


def test_the_folder_is_removed_during_the_run(rpz: Rpz) -> None:
    done = rpz("trace", "sh", "-c", "rm -r .rpz-trace; exit 7")
    assert done.returncode == 7
    assert done.stderr.startswith(b"rpz: The trace folder .rpz-trace was removed during the run.")
    assert done.stderr.count(b"\n") == 1
    assert list(rpz.folder.iterdir()) == []


def test_the_database_is_locked(rpz: Rpz) -> None:
    assert rpz("trace", "true").returncode == 0
    database = rpz.folder / ".rpz-trace" / "trace.sqlite3"
    connection = sqlite3.connect(database, isolation_level=None)
    with contextlib.closing(connection):
        with rpz.start("trace", "-c", "sh", "-c", "echo ready; cat; exit 7", stdin=-1) as child:
            assert child.stdout.readline() == b"ready\n"
            connection.execute("BEGIN EXCLUSIVE")
            child.stdin.close()
            said = child.stderr.read()
            assert child.wait(timeout=30) == 7
        assert b"database is locked" in said
        assert b"rpz recover -d .rpz-trace" in said
        assert said.count(b"\n") == 1
        connection.execute("ROLLBACK")
    assert rpz("recover").returncode == 0
    assert [run.exitcode for run in runs(rpz.folder / ".rpz-trace")] == [0, 7]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    require(os.geteuid() == 0, "only root may mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=False)


def executions(count: int) -> str:
    """Return a script that fills a record stream, and a database, with 100 kB a time."""
    grow = "BIG=$(head -c 100000 /dev/zero | tr '\\0' x); export BIG; i=0;"
    return f"{grow} while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done; exit 7"


def test_the_disk_is_full_when_the_trace_is_made(rpz: Rpz, small_disk: Path) -> None:
    done = rpz("trace", "-d", "small/trace", "sh", "-c", executions(25))
    assert done.returncode == 7
    assert done.stderr.count(b"\n") == 1, done.stderr
    assert b"database or disk is full" in done.stderr
    assert b"rpz recover -d small/trace" in done.stderr
    kept = {path.name for path in (small_disk / "trace").iterdir()}
    assert kept - {"facts"} == {"records", "snapshots"}  # there was room for facts, or there wasn't
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    assert rpz("recover", "-d", "small/trace").returncode == 0
    assert [run.exitcode for run in runs(small_disk / "trace")] == [7]


def test_the_disk_is_full_while_tracing(rpz: Rpz, small_disk: Path) -> None:
    done = rpz("trace", "-d", "small/trace", "sh", "-c", executions(60))
    assert done.returncode == 7, done.stderr
    assert b"The command goes on untraced" in done.stderr
    assert b"rpz recover -d small/trace" in done.stderr
    assert done.stderr.count(b"\n") == 2, done.stderr
    subprocess.run(["mount", "-o", "remount,size=32m", small_disk], check=True)
    assert rpz("recover", "-d", "small/trace").returncode == 0
    assert [run.exitcode for run in runs(small_disk / "trace")] == [None]


def test_the_file_system_is_unmounted_during_the_run(rpz: Rpz, small_disk: Path) -> None:
    done = rpz("trace", "-d", "small/trace", "sh", "-c", f"umount --lazy {small_disk}; exit 7")
    assert done.returncode == 7
    assert done.stderr.startswith(b"rpz: The trace folder small/trace was removed during the run.")


def test_a_folder_that_may_not_be_written(rpz: Rpz, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = rpz("trace", "-d", "small/trace", "touch", "made")
    assert done.returncode == 125
    assert done.stderr == (
        b"rpz: small/trace: Read-only file system. "
        b"Choose another place: this one can't be written to.\n"
    )
    assert not (rpz.folder / "made").exists()


def test_one_that_is_damaged_keeps_no_other_from_being_recovered(rpz: Rpz) -> None:
    killed(rpz)
    streams = rpz.folder / ".rpz-trace" / "records"
    (streams / "0.unfinished").rename(streams / "1.unfinished")
    (streams / "0.unfinished").write_bytes(b"what is this?" * 9)
    done = rpz("recover")
    assert done.returncode == 1
    assert b"rpz: Recovered run 0: " in done.stderr
    assert done.stderr.endswith(b"is not a record stream of rpz. Trace again.\n")
    assert rpz("pack").returncode == 0


def test_a_killed_tracer_is_told(rpz: Rpz) -> None:
    done = rpz("trace", "sh", "-c", "echo hi >f; kill -9 $PPID; sleep 1")
    assert done.returncode == 137
    assert b"rpz: The tracer was stopped before the command: the trace ends there.\n" in done.stderr
