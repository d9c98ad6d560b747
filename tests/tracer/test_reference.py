"""The engines against programs that say what they do; the reference engine's own corners."""

from __future__ import annotations

import errno
import os
import platform
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rpz.tracer import engines, records
from rpz.tracer.stream import read_records
from tests.conftest import require
from tests.tracer import harness
from tests.tracer.harness import Traced, check_stream, compiled, traced

PROGRAMS = harness.program_names("int80", "rare", "snapshots")
KNOWN_GAPS: dict[tuple[str, str], str] = {}
"""(engine, program): why it is expected to fail."""


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def engine(tracer_engine: str) -> str:
    return tracer_engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def expect_gap(request: pytest.FixtureRequest, engine: str, name: str) -> None:
    if reason := KNOWN_GAPS.get((engine, name)):
        request.applymarker(pytest.mark.xfail(reason=reason))


def execs(run: Traced) -> list[records.Exec]:
    return [record for record in run.records if isinstance(record, records.Exec)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_is_traced(
    name: str, engine: str, folder: Path, programs: Path, request: pytest.FixtureRequest
) -> None:
    expect_gap(request, engine, name)
    run = traced(engine, folder, compiled(name, programs))
    assert run.stderr == b""
    assert run.status == 0
    assert len(run.stdout.splitlines()) >= 1
    assert run.missing() == []
    check_stream(run.records)


def test_a_false_line_is_missing(folder: Path) -> None:
    run = traced(
        "python", folder, "sh", "-c", "echo READ /nowhere; echo NEVER /dev; echo > /dev/null"
    )
    assert run.missing() == ["READ /nowhere"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls of i386 exist on x86 only")
def test_32_bit_calls(engine: str, folder: Path, programs: Path) -> None:
    run = traced(engine, folder, compiled("int80", programs))
    assert run.status == 0
    if engine == "python":
        assert any(b"32-bit" in w.text for w in run.records if isinstance(w, records.Warn))
    else:
        assert run.missing() == []


def test_standard_streams_and_status(engine: str, folder: Path) -> None:
    run = traced(engine, folder, "sh", "-c", "echo out; echo err >&2; exit 9")
    assert (run.status, run.stdout, run.stderr) == (9, b"out\n", b"err\n")
    assert isinstance(run.records[-1], records.End)
    assert run.records[-1].status == 9


def test_status_of_a_killed_command(engine: str, folder: Path, programs: Path) -> None:
    run = traced(engine, folder, compiled("segv", programs), "itself")
    assert run.status == 128 + signal.SIGSEGV
    assert isinstance(run.records[-1], records.End)
    assert run.records[-1].status == records.SIGNALLED + signal.SIGSEGV


def test_command_that_does_not_exist(engine: str, folder: Path) -> None:
    run = traced(engine, folder, "no-such-command")
    assert run.status == 127
    assert run.stderr.startswith(b"rpz: ")
    assert run.stderr.count(b"\n") == 1
    assert execs(run) == []
    assert not isinstance(run.records[-1], records.End)


def test_command_that_is_not_executable(engine: str, folder: Path) -> None:
    (folder / "data").write_text("x")
    run = traced(engine, folder, "./data")
    assert run.status == 126
    assert run.stderr.startswith(b"rpz: ")


def test_run_and_first_records(engine: str, folder: Path) -> None:
    run = traced(engine, folder, "true", "an argument")
    assert isinstance(run.records[0], records.Run)
    assert run.records[0].workingdir == os.fsencode(folder)
    assert run.records[0].argv == (b"true", b"an argument")
    kinds = [type(record) for record in run.records[1:4]]
    assert kinds == [records.Process, records.PathName, records.File]
    assert run.lines() >= {f"WDIR:DIRECTORY|EXISTED {folder}"}


def test_what_a_process_has_used(engine: str, folder: Path) -> None:
    code = """
import os, threading
if os.fork() == 0:
    held = b"x" * (64 << 20)
    while os.times().user < 0.2: pass
    os._exit(0)
os.wait()
thread = threading.Thread(target=print)
thread.start(), thread.join()"""
    run = traced(engine, folder, sys.executable, "-I", "-S", "-c", code)
    threads = {r.process for r in run.of(records.Process) if r.flags}
    used = {r.process: r for r in run.of(records.Exit)}
    child = next(r.process for r in run.of(records.Process) if r.parent == 1 and not r.flags)
    for process in (1, child):  # the parent has waited for the child
        assert used[process].user_time >= 200_000_000
        assert used[process].memory >= 64 << 20
    assert used[child].system_time <= used[1].system_time
    assert len(threads) == 1
    for process in threads:
        assert (used[process].user_time, used[process].memory) == (0, 0)


def test_environment_and_arguments_are_bytes(engine: str, folder: Path) -> None:
    env = {"PATH": os.environ["PATH"], "ODD": os.fsdecode(b"\xff\n=")}
    run = traced(engine, folder, "printf", b"%s", b"\xfe\n", env=env)
    assert run.stdout == b"\xfe\n"
    (execution,) = execs(run)
    assert execution.argv == (b"printf", b"%s", b"\xfe\n")
    expected = {os.fsencode(f"{name}={value}") for name, value in env.items()}
    assert set(execution.environment) - {b"PYTHONPATH=" + os.fsencode(harness.PACKAGE)} == expected


def test_environment_from_a_file(engine: str, folder: Path) -> None:
    entries = [b"PATH=" + os.fsencode(os.environ["PATH"]), b"no equals sign", b"A=1", b"A=2"]
    (folder / "environ").write_bytes(b"".join(entry + b"\0" for entry in entries))
    output = folder / "records"
    command = [*harness.ENGINES[engine], "-e", folder / "environ", output, "--", "env"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(harness.PACKAGE)},
        capture_output=True,
        check=False,
    )
    assert done.stdout.splitlines() == entries
    (execution,) = [r for r in read_records(output) if isinstance(r, records.Exec)]
    assert list(execution.environment) == entries


def test_strings_longer_than_a_page(engine: str, folder: Path) -> None:
    long = "x" * 100_000
    run = traced(engine, folder, "true", long, env={"PATH": os.environ["PATH"], "LONG": long})
    (execution,) = execs(run)
    assert execution.argv == (b"true", long.encode())
    assert f"LONG={long}".encode() in execution.environment


def test_names_that_are_not_text(engine: str, folder: Path) -> None:
    name = b"a\n\xff b"
    run = traced(engine, folder, "touch", name)
    assert (os.fsencode(folder) + b"/" + name, records.Mode.WRITE) in run.uses()


def test_exec_program_is_as_spelt(engine: str, folder: Path) -> None:
    (folder / "here").symlink_to("/bin/true")
    run = traced(engine, folder, "sh", "-c", "./here; exit 0")
    assert f"EXEC {folder}/./here" in run.lines()


def test_script_without_interpreter_line_is_run_by_a_shell(folder: Path) -> None:
    script = folder / "script"
    script.write_text("exit 5\n")
    script.chmod(0o755)
    assert traced("python", folder, "./script").status == 5


def test_output_that_exists_is_refused(folder: Path) -> None:
    folder.with_name("run.records").write_bytes(b"")
    run = traced("python", folder, "touch", "made")
    assert run.status == 125
    assert run.stderr.startswith(b"rpz: ")
    assert not (folder / "made").exists()


def test_wrong_usage(folder: Path) -> None:
    command = [*harness.ENGINES["python"], "output", "true"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 125
    assert b"usage: " in done.stderr


def test_tracing_that_is_not_permitted(folder: Path) -> None:
    """A process that is traced can't be traced by a second engine's child: it is taken."""
    inner = [sys.executable, "-m", "rpz.tracer.reference", "inner.records", "--", "touch", "made"]
    run = traced("python", folder, *inner)
    assert run.status == 125
    assert run.stderr.startswith(b"rpz: Tracing is not permitted here")
    assert run.stderr.count(b"\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == []


def test_broken_pipe_ends_the_command_as_untraced(engine: str, folder: Path) -> None:
    run = traced(engine, folder, "bash", "-c", "yes | head -1; exit ${PIPESTATUS[0]}")
    assert run.status == 128 + signal.SIGPIPE


def test_a_removed_name_is_recorded_again(folder: Path) -> None:
    run = traced(
        "python", folder, "sh", "-c", "echo 1 >a; rm a; exec 3>a; exec 3>&-; mv a b; echo >a"
    )
    made = [r for r in run.of(records.File) if (r.mode, r.flags) == (records.Mode.WRITE, 0)]
    assert len(made) == 3


def test_uses_are_recorded_once(folder: Path) -> None:
    run = traced("python", folder, "sh", "-c", "for i in 1 2 3; do : <.; done")
    files = [(r.process, r.path, r.mode, r.flags) for r in run.of(records.File)]
    assert len(files) == len(set(files))


def test_descendants_are_waited_for(engine: str, folder: Path) -> None:
    run = traced(engine, folder, "sh", "-c", "(sleep 0.5; echo >late) >/dev/null 2>&1 & exit 3")
    assert run.status == 3
    assert f"WRITE: {folder}/late" in run.lines()


def test_a_thread_that_executes_a_program_becomes_its_process(
    engine: str, folder: Path, programs: Path
) -> None:
    run = traced(engine, folder, compiled("threads", programs))
    assert {record.process for record in execs(run)} == {1}
    threads = [r for r in run.of(records.Process) if r.flags]
    assert len(threads) == 3
    assert all(thread.parent == 1 for thread in threads)


def test_a_signal_to_the_engine_reaches_the_command(engine: str, folder: Path) -> None:
    script = "trap 'echo got; exit 4' TERM; echo ready; while :; do sleep 0.1; done"
    output = folder / "records"
    child = subprocess.Popen(
        [*harness.ENGINES[engine], output, "--", "sh", "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(harness.PACKAGE)},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.terminate()
        assert child.stdout.read() == b"got\n"
    assert child.returncode == 4


def test_the_command_dies_with_the_engine(engine: str, folder: Path) -> None:
    output = folder / "records"
    child = subprocess.Popen(
        [*harness.ENGINES[engine], output, "--", "sh", "-c", "echo $$; exec sleep 60"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(harness.PACKAGE)},
    )
    with child:
        assert child.stdout is not None
        command = int(child.stdout.readline())
        child.kill()
    assert wait_for_end(command)
    stream = list(read_records(output))
    assert any(isinstance(record, records.Exec) for record in stream)
    assert not isinstance(stream[-1], records.End)


def wait_for_end(pid: int) -> bool:
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("before", [[], ["unshare", "-m"]], ids=["", "unshare"])
def test_what_the_run_serves_is_not_asked(before: list[str], folder: Path, programs: Path) -> None:
    (programs / "users").mkdir(exist_ok=True)
    run = traced("python", folder, *before, compiled("users/fuse", programs))
    require(run.status != 77, "no FUSE: it needs root and /dev/fuse")
    assert (run.status, run.stderr) == (0, b"")
    assert any(line.startswith("WARNING A program of the run serves") for line in run.lines())
    assert f"READ:EXISTED {folder}/source/hello" in run.lines()
    check_stream(run.records)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change the root folder")
def test_chroot_of_the_command(engine: str, folder: Path, request: pytest.FixtureRequest) -> None:
    expect_gap(request, engine, "chroot")
    code = "import os; os.chroot('jail'); os.chdir('/'); open('/in', 'w'); os.stat('/../in')"
    (folder / "jail").mkdir()
    run = traced(engine, folder, sys.executable, "-c", code)
    assert run.stderr == b""
    assert f"WRITE: {folder}/jail/in" in run.lines()
    assert f"STAT {folder}/jail/in" in run.lines()


def test_full_disk_does_not_stop_the_command(folder: Path) -> None:
    """RLIMIT_FSIZE stands for the disk; the command doesn't write to files."""
    limited = 'ulimit -f 4; exec "$@"'
    output = folder / "records"
    command = [*harness.ENGINES["python"], str(output), "--", "sh", "-c", "ls -l /usr/bin; exit 6"]
    done = subprocess.run(
        ["bash", "-c", limited, "bash", *command],
        env={**os.environ, "PYTHONPATH": str(harness.PACKAGE)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 6
    assert done.stderr.startswith(b"rpz: ")
    assert not isinstance(list(read_records(output))[-1], records.End)
    assert stat.S_ISREG(output.stat().st_mode)


IO_URING = (
    "import ctypes; libc = ctypes.CDLL(None, use_errno=True);"
    "print(*(libc.syscall(425, 1, ctypes.create_string_buffer(120)) for _ in range(2)));"
    "print(ctypes.get_errno())"
)


def io_uring_warnings(run: Traced) -> list[bytes]:
    return [w.text for w in run.records if isinstance(w, records.Warn) if b"io_uring" in w.text]


def test_io_uring_is_not_there(engine: str, folder: Path) -> None:
    run = traced(engine, folder, sys.executable, "-c", IO_URING)
    assert run.stdout == f"-1 -1\n{errno.ENOSYS}\n".encode()
    (warning,) = io_uring_warnings(run)
    assert b"was told that there is none" in warning


def test_io_uring_is_left_alone(engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(harness.ENGINES, engine, [*harness.ENGINES[engine], "-u"])
    untraced = subprocess.run([sys.executable, "-c", IO_URING], capture_output=True, check=True)
    run = traced(engine, folder, sys.executable, "-c", IO_URING)
    assert run.stdout == untraced.stdout
    if not run.stdout.startswith(b"-1"):  # where the kernel has it
        (warning,) = io_uring_warnings(run)
        assert b"are not in the trace" in warning


def test_modules_in_the_working_folder_are_not_imported(folder: Path) -> None:
    for name in ("signal", "ptrace", "runpy", "records"):
        (folder / f"{name}.py").write_text("raise SystemExit(77)")
    output = folder.with_name("run.records")
    command = [*engines.python(output), "sh", "-c", "exit 4"]
    assert subprocess.run(command, cwd=folder, check=False).returncode == 4
