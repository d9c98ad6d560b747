"""Processes that go on when the command has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rpz.tracer import records
from rpz.tracer.stream import read_records
from tests.tracer import harness

DAEMON = """
import os, signal, sys, time
os.setsid()
for fd in (0, 1, 2): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
open("pid", "w").write(str(os.getpid()))
open("early", "w")
while not os.path.exists("go"): time.sleep(0.02)
os.mkdir("made"), os.rename("early", "late")
pid = os.fork()
if pid == 0: os.execv("/bin/sh", ["sh", "-c", "exit 7"])
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
open("result.tmp", "w").write(f"{status} {os.listdir('made')}")
os.rename("result.tmp", "result")
"""
START = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-I", "-S", "daemon.py"])
while not os.path.exists("early"): time.sleep(0.02)
print("started")
sys.exit(5)
"""
SECONDS = 20.0


@pytest.fixture(params=["native_tracer", "sanitized_tracer"])
def tracer(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "daemon.py").write_text(DAEMON)
    (tmp_path / "start.py").write_text(START)
    return tmp_path


def wait_until(path: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def parent_that_traces(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("TracerPid:")[2].split()[0])


def start(tracer: Path, folder: Path) -> subprocess.CompletedProcess[bytes]:
    argv = [tracer, "out", "--", sys.executable, "-I", "-S", "start.py"]
    return subprocess.run(argv, cwd=folder, capture_output=True, timeout=SECONDS, check=False)


def test_a_daemon_outlives_the_run_unharmed(tracer: Path, folder: Path) -> None:
    done = start(tracer, folder)  # its output is at an end: nobody holds the pipes
    assert (done.returncode, done.stdout, done.stderr) == (5, b"started\n", b"")
    assert not (folder / "result").exists()
    stream = list(read_records(folder / "out"))
    assert isinstance(stream[-1], records.End)
    assert stream[-1].status == 5
    (warning,) = (r.text for r in stream if isinstance(r, records.Warn))
    assert b"1 of its processes went on" in warning
    pid = int((folder / "pid").read_text())
    minder = parent_that_traces(pid)
    assert {os.readlink(f"/proc/{minder}/fd/{fd}") for fd in (0, 1, 2)} == {"/dev/null"}  # noqa: PTH115
    assert os.getsid(minder) == minder
    (folder / "go").touch()
    wait_until(folder / "result")
    assert (folder / "result").read_text() == "7 []"
    assert (folder / "late").exists()
    deadline = time.monotonic() + SECONDS
    while Path(f"/proc/{minder}/exe").exists():  # a zombie has none
        assert time.monotonic() < deadline, "the minder is there without anything to mind"
        time.sleep(0.02)


def test_what_tells_the_minder_to_end_spares_the_daemon(tracer: Path, folder: Path) -> None:
    start(tracer, folder)
    minder = parent_that_traces(int((folder / "pid").read_text()))
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(minder, signum)
    (folder / "go").touch()
    wait_until(folder / "result")


def test_waiting_for_all(tracer: Path, folder: Path) -> None:
    script = "(sleep 1.5; echo end >late) & exit 3"
    done = subprocess.run([tracer, "-w", "out", "--", "sh", "-c", script], cwd=folder, check=False)
    assert done.returncode == 3
    stream = list(read_records(folder / "out"))
    harness.check_stream(stream)
    assert bytes(folder / "late") in {r.name for r in stream if isinstance(r, records.PathName)}


def test_the_end_of_a_pipeline_is_awaited(tracer: Path, folder: Path) -> None:
    script = "(sleep 0.3; echo end >late) & exit 3"
    done = subprocess.run([tracer, "out", "--", "sh", "-c", script], cwd=folder, check=False)
    assert done.returncode == 3
    stream = list(read_records(folder / "out"))
    harness.check_stream(stream)
    assert bytes(folder / "late") in {r.name for r in stream if isinstance(r, records.PathName)}
    assert not any(isinstance(record, records.Warn) for record in stream)


def test_a_killed_tracer_takes_the_run_along(tracer: Path, folder: Path) -> None:
    """Whichever of its processes is killed: the filter would make nonsense of the command."""
    for which in ("front", "tracer"):
        output = folder / which
        argv = [tracer, output, "--", "sh", "-c", "echo $$; sleep 60 & exec sleep 60"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as front:
            assert front.stdout is not None
            command = int(front.stdout.readline())
            os.kill(front.pid if which == "front" else parent_that_traces(command), signal.SIGKILL)
            assert front.stdout.read() == b""  # all who could write to it are gone
            assert front.wait() == -signal.SIGKILL
        assert any(isinstance(r, records.Exec) for r in read_records(output))


def test_the_reference_engine_leaves_a_daemon_untraced(folder: Path) -> None:
    argv = [*harness.ENGINES["python"], "out", "--", sys.executable, "-I", "-S", "start.py"]
    environment = {**os.environ, "PYTHONPATH": str(harness.PACKAGE)}
    done = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, b"started\n", b"")
    stream = list(read_records(folder / "out"))
    assert isinstance(stream[-1], records.End)
    (warning,) = (r.text for r in stream if isinstance(r, records.Warn))
    assert b"1 of its processes went on" in warning
    assert parent_that_traces(int((folder / "pid").read_text())) == 0
    (folder / "go").touch()
    wait_until(folder / "result")
    assert (folder / "result").read_text() == "7 []"
