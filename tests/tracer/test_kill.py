"""Whatever is killed, and whenever: what the run had done by then is in the trace.

``RPZ_KILLS`` is how often it is tried; ``RPZ_KILL_SEED`` repeats what a failure has named.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from rpz.tracer.conclusion import recover
from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import FileRow, RunRow
from rpz.tracer.stream import read_records
from tests.conftest import rpz_in

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("native_tracer")

KILLS = int(os.environ.get("RPZ_KILLS", "20"))
SEED = int(os.environ.get("RPZ_KILL_SEED") or random.SystemRandom().randrange(10**6))
LONGEST = 0.15
"""How long, in seconds, the program runs at most; rpz takes about three times that in all."""

PROGRAM = "echo $PPID; i=0; while :; do : >f$i; echo $i; i=$((i+1)); done"
"""Says who traces it, then of each file that it is made, once it is."""


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def kill_tracer(tracer: int, _: int) -> None:
    os.kill(tracer, signal.SIGKILL)


def kill_front(tracer: int, rpz: int) -> None:
    front = parent_of(tracer)
    assert parent_of(front) == rpz
    os.kill(front, signal.SIGKILL)


def kill_all(_: int, rpz: int) -> None:
    os.killpg(rpz, signal.SIGKILL)


def run_and_kill(folder: Path, kill: Callable[[int, int], None], delay: float) -> list[int]:
    """Return the numbers of the files that were made."""
    started = rpz_in(folder).start("trace", "-q", "bash", "-c", PROGRAM, start_new_session=True)
    assert started.stdout is not None
    with started:
        tracer = int(started.stdout.readline())
        time.sleep(delay)
        kill(tracer, started.pid)
        said = started.stdout.read()
    return [int(line) for line in said.rpartition(b"\n")[0].split()]


def names_in_stream(stream: Path) -> set[bytes]:
    content = list(read_records(stream))
    assert not any(isinstance(record, records.End) for record in content)
    used = {r.path for r in content if isinstance(r, records.File) and r.mode == records.Mode.WRITE}
    return {r.name for r in content if isinstance(r, records.PathName) and r.path in used}


def names_in_database(folder: TraceFolder) -> set[bytes]:
    with TraceDatabase.open(folder.database) as database:
        (run,) = database.rows(RunRow)
        assert run.ended is None
        return {row.name for row in database.rows(FileRow) if row.mode == records.Mode.WRITE}


@pytest.mark.parametrize("kill", [kill_tracer, kill_front, kill_all])
def test_nothing_is_lost(tmp_path: Path, kill: Callable[[int, int], None]) -> None:
    print(f"RPZ_KILL_SEED={SEED}")  # noqa: T201
    chosen = random.Random(SEED)
    made = 0
    for number in range((KILLS + 2) // 3):
        folder = tmp_path / str(number)
        folder.mkdir()
        numbers = run_and_kill(folder, kill, chosen.uniform(0, LONGEST))
        expected = {b"%s/f%d" % (bytes(folder), number) for number in numbers}
        trace = TraceFolder(folder / ".rpz-trace")
        (stream,) = trace.records.iterdir()
        assert expected - names_in_stream(stream) == set()
        if kill is kill_all:
            assert recover(trace) == [0]
        assert expected - names_in_database(trace) == set()
        made += len(numbers)
    assert made > 0
    done = rpz_in(folder)("recover")
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1), done.stderr


def test_killed_while_it_starts(tmp_path: Path) -> None:
    """There is a whole trace or none, and nothing is in the way of the next run."""
    print(f"RPZ_KILL_SEED={SEED}")  # noqa: T201
    chosen = random.Random(SEED)
    for number in range((KILLS + 4) // 5):
        folder = tmp_path / str(number)
        folder.mkdir()
        rpz = rpz_in(folder)
        script = "echo >made"
        with rpz.start("trace", "-q", "sh", "-c", script, start_new_session=True) as started:
            time.sleep(chosen.uniform(0, 3 * LONGEST))
            os.killpg(started.pid, signal.SIGKILL)
        done = rpz("recover")
        assert done.stderr.startswith(b"rpz: "), done.stderr
        assert b"Traceback" not in done.stderr
        assert (done.returncode == 0) == (folder / ".rpz-trace" / "trace.sqlite3").exists()
        assert rpz("trace", "-q", "--continue", "true").returncode == 0
        subprocess.run(["rm", "-r", folder], check=True)
