"""`rpz trace` as a user runs it; the engines have tests of their own."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import ExecutionRow, FileRow, ProcessRow, RunRow, SnapshotRow
from tests.conftest import rpz_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

    from tests.conftest import Rpz

pytestmark = pytest.mark.usefixtures("native_tracer")

LAUNCHER = """
import ctypes, os, signal, sys
for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
    signal.signal(number, signal.SIG_DFL)
environment = [bytes.fromhex(entry) for entry in sys.argv[1].split(",")]
argv = [os.fsencode(word) for word in sys.argv[2:]]
strings = lambda items: (ctypes.c_char_p * (len(items) + 1))(*items, None)
ctypes.CDLL(None).execve(argv[0], strings(argv), strings(environment))
sys.exit("execve failed")
"""
"""Execute a program with exactly this environment, also with entries that are none."""


def traced(folder: Path) -> TraceDatabase:
    return TraceDatabase.open(folder / ".rpz-trace" / "trace.sqlite3")


def runs(folder: Path) -> list[RunRow]:
    with traced(folder) as trace:
        return list(trace.rows(RunRow))


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def assert_one_sentence(stderr: bytes, *words: str) -> None:
    """Exactly one line of rpz, that is no traceback and has these words."""
    text = stderr.decode()
    assert text.startswith("rpz: ")
    assert text.endswith(".\n")
    assert text.count("\n") == 1
    for word in words:
        assert word in text


class TestStatus:
    @pytest.mark.parametrize("status", [0, 3, 255])
    def test_is_the_commands(self, rpz: Rpz, status: int) -> None:
        assert rpz("trace", "sh", "-c", f"exit {status}").returncode == status
        assert runs(rpz.folder)[0].exitcode == status

    @pytest.mark.parametrize("name", ["TERM", "KILL"])
    def test_of_a_signal(self, rpz: Rpz, name: str) -> None:
        number = signal.Signals[f"SIG{name}"]
        assert rpz("trace", "sh", "-c", f"ulimit -c 0; kill -{name} $$").returncode == 128 + number
        assert runs(rpz.folder)[0].exitcode == 0x100 + number

    def test_with_the_reference_engine(self, rpz: Rpz) -> None:
        assert rpz("trace", "--engine", "python", "sh", "-c", "exit 4").returncode == 4
        assert runs(rpz.folder)[0].engine == "python"

    def test_of_a_tracer_that_is_killed(self, rpz: Rpz) -> None:
        done = rpz("trace", "sh", "-c", "kill -KILL $PPID; sleep 60")
        assert done.returncode == 128 + signal.SIGKILL
        (run,) = runs(rpz.folder)
        assert run.exitcode is None
        assert (rpz.folder / ".rpz-trace" / "config.yml").exists()


class TestFailure:
    def test_no_such_command(self, rpz: Rpz, tracer_engine: str) -> None:
        done = rpz("trace", "--engine", tracer_engine, "no-such-command", "x")
        assert done.returncode == 127
        assert_one_sentence(done.stderr, "no-such-command")
        assert snapshot(rpz.folder) == {}

    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_not_executable(self, rpz: Rpz, tracer_engine: str, what: str) -> None:
        (rpz.folder / "file").touch()
        (rpz.folder / "folder").mkdir()
        before = snapshot(rpz.folder)
        done = rpz("trace", "--engine", tracer_engine, f"./{what}")
        assert done.returncode == 126
        assert_one_sentence(done.stderr, f"./{what}", "can't be executed")
        assert snapshot(rpz.folder) == before

    def test_an_empty_command(self, rpz: Rpz) -> None:
        assert rpz("trace", "").returncode == 127
        assert snapshot(rpz.folder) == {}

    def test_the_folder_cannot_be_made(self, rpz: Rpz) -> None:
        (rpz.folder / "file").touch()
        done = rpz("trace", "-d", "file/trace", "touch", "made")
        assert done.returncode == 125
        assert_one_sentence(done.stderr, "file/trace")
        assert not (rpz.folder / "made").exists()

    def test_the_folder_is_another(self, rpz: Rpz) -> None:
        (rpz.folder / "mine").mkdir()
        (rpz.folder / "mine" / "thesis.tex").touch()
        done = rpz("trace", "-w", "-d", "mine", "touch", "made")
        assert done.returncode == 125
        assert_one_sentence(done.stderr, "mine", "is not a trace folder", "--dir")
        assert sorted(snapshot(rpz.folder)) == ["mine", "mine/thesis.tex"]

    def test_inside_another_trace(self, rpz: Rpz) -> None:
        inner = rpz.argv("trace", "-q", "-d", "inner", "touch", "made")
        done = rpz("trace", "-q", "-d", "outer", *inner)
        assert done.returncode == 125
        inner_said, outer_said = done.stderr.splitlines(keepends=True)
        assert_one_sentence(inner_said, "ptrace")
        assert_one_sentence(outer_said, "wanted to trace another")
        assert not (rpz.folder / "inner").exists()
        assert not (rpz.folder / "made").exists()

    @pytest.mark.parametrize("send", [os.killpg, os.kill])
    @pytest.mark.parametrize("options", [(), ("--wait-daemons",)], ids=["", "waiting"])
    @pytest.mark.parametrize("name", ["terms", "takes"])
    def test_the_command_gets_a_signal_once(
        self, rpz: Rpz, compiled, send, options: tuple[str, ...], name: str
    ) -> None:
        program = compiled(f"users/{name}")
        with rpz.start("trace", "-q", *options, program, start_new_session=True) as child:
            assert child.stdout
            assert child.stdout.readline() == b"ready\n"
            time.sleep(0.1)  # until each of us waits, and would pass it on at once
            send(child.pid, signal.SIGTERM)
            assert child.stdout.read() == b"1\n"
        assert child.returncode == 0

    def test_started_by_who_ignores_its_children(self, rpz: Rpz) -> None:
        command = ["sh", "-c", "grep SigIgn /proc/self/status; exit 9"]
        script = "trap '' CHLD; exec \"$@\""
        argv = rpz.argv("trace", "-q", *command)
        done, bare = (
            subprocess.run(
                ["bash", "-c", script, "-", *words],
                cwd=rpz.folder,
                env=rpz.environment,
                capture_output=True,
                check=False,
            )
            for words in (argv, command)
        )
        assert (done.returncode, done.stderr) == (9, b"")
        assert done.stdout == bare.stdout

    def test_there_is_no_tracer(self, rpz: Rpz) -> None:
        done = rpz("trace", "true", env={"RPZ_TRACER": "/no/tracer"})
        assert done.returncode == 125
        assert_one_sentence(done.stderr, "/no/tracer")
        assert snapshot(rpz.folder) == {}

    def test_no_command(self, rpz: Rpz) -> None:
        done = rpz("trace")
        assert done.returncode not in (0, 1)
        assert b"COMMAND" in done.stderr
        assert b"Traceback" not in done.stderr


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trace of one run."""
    folder = tmp_path_factory.mktemp("first")
    assert rpz_in(folder)("trace", "sh", "-c", "exit 0").returncode == 0
    return folder


class TestExisting:
    @pytest.fixture(autouse=True)
    def _copy(self, first: Path, rpz: Rpz) -> None:
        shutil.copytree(first / ".rpz-trace", rpz.folder / ".rpz-trace")

    def test_is_refused_with_both_ways_out(self, rpz: Rpz) -> None:
        before = snapshot(rpz.folder)
        done = rpz("trace", "touch", "made")
        assert done.returncode == 125
        assert_one_sentence(done.stderr, ".rpz-trace", "--continue", "--overwrite")
        assert snapshot(rpz.folder) == before

    def test_is_refused_without_a_standard_input(self, rpz: Rpz) -> None:
        script = 'exec "$@" <&-'
        argv = ["sh", "-c", script, "sh", *map(str, rpz.argv("trace", "touch", "made"))]
        done = subprocess.run(
            argv, cwd=rpz.folder, env=rpz.environment, capture_output=True, check=False
        )
        assert done.returncode == 125
        assert_one_sentence(done.stderr, "--continue")

    @pytest.mark.parametrize("flag", ["-c", "--continue"])
    def test_is_continued(self, rpz: Rpz, flag: str) -> None:
        assert rpz("trace", flag, "sh", "-c", "exit 5").returncode == 5
        assert [(run.id, run.exitcode) for run in runs(rpz.folder)] == [(0, 0), (1, 5)]

    @pytest.mark.parametrize("flag", ["-w", "--overwrite"])
    def test_is_overwritten(self, rpz: Rpz, flag: str) -> None:
        assert rpz("trace", flag, "sh", "-c", "exit 5").returncode == 5
        assert [(run.id, run.exitcode) for run in runs(rpz.folder)] == [(0, 5)]

    @pytest.mark.parametrize(
        ("flag", "command"),
        [
            ("--continue", "no-such-command"),
            ("--overwrite", "no-such-command"),
            ("--overwrite", "./.rpz-trace"),
        ],
    )
    def test_survives_a_command_that_cannot_start(self, rpz: Rpz, flag: str, command: str) -> None:
        before = snapshot(rpz.folder)
        assert rpz("trace", flag, command).returncode in (126, 127)
        assert snapshot(rpz.folder) == before

    def test_both_options_exclude_each_other(self, rpz: Rpz) -> None:
        before = snapshot(rpz.folder)
        done = rpz("trace", "-c", "-w", "touch", "made")
        assert done.returncode not in (0, 1)
        assert b"exclude each other" in done.stderr
        assert snapshot(rpz.folder) == before

    def test_of_another_program_is_not_continued(self, rpz: Rpz) -> None:
        database = rpz.folder / ".rpz-trace" / "trace.sqlite3"
        database.write_bytes(b"what is this?" * 1000)
        done = rpz("trace", "--continue", "touch", "made")
        assert done.returncode == 125
        assert_one_sentence(done.stderr, "is not a trace database")
        assert not (rpz.folder / "made").exists()

    @pytest.mark.parametrize(("answer", "ids"), [("a", [0, 1]), ("o", [0]), ("s", None)])
    def test_is_asked_about_at_a_terminal(self, rpz: Rpz, answer: str, ids: list | None) -> None:
        with Terminal(rpz, "trace", "sh", "-c", "exit 9") as terminal:
            terminal.read_until(b"?")
            terminal.write(answer.encode() + b"\n")
            status = terminal.wait()
        assert status == (9 if ids else 125)
        assert [run.id for run in runs(rpz.folder)] == (ids or [0])


class TestArguments:
    def test_options_after_the_command_are_the_commands(self, rpz: Rpz) -> None:
        words = ["--help", "-d", "x", "--engine", "python", "-q", "--", "-v", ""]
        done = rpz("trace", "-q", "printf", "%s\\n", *words)
        assert done.stdout.decode().splitlines() == words
        assert done.stderr == b""

    def test_two_dashes_may_stand_before_the_command(self, rpz: Rpz) -> None:
        assert rpz("trace", "-q", "--", "echo", "-n", "x").stdout == b"x"

    def test_are_any_bytes(self, rpz: Rpz) -> None:
        done = rpz("trace", "-q", "printf", "%s", b"\xff\n \xc3\xa9'\"$")
        assert done.stdout == b"\xff\n \xc3\xa9'\"$"
        with traced(rpz.folder) as trace:
            (execution,) = trace.rows(ExecutionRow)
        assert execution.argv == b"printf\0%s\0\xff\n \xc3\xa9'\"$\0"

    def test_argv0_is_as_it_was_given(self, rpz: Rpz) -> None:
        (rpz.folder / "my cat").symlink_to("/bin/cat")
        done = rpz("trace", "-q", "./my cat", "/proc/self/cmdline")
        assert done.stdout == b"./my cat\0/proc/self/cmdline\0"

    def test_a_trace_folder_elsewhere(self, rpz: Rpz) -> None:
        assert rpz("trace", "-d", "a/b\udcff", "true").returncode == 0
        assert (rpz.folder / "a" / "b\udcff" / "config.yml").is_file()
        assert not (rpz.folder / ".rpz-trace").exists()

    def test_the_working_folder_has_modules_of_pythons_names(self, rpz: Rpz) -> None:
        (rpz.folder / "signal.py").write_text("raise SystemExit('the wrong module')")
        entry = "import sys; sys.path.remove(''); from rpz.cli import main; main(sys.argv[1:])"
        for engine in ("native", "python"):
            argv = [sys.executable, "-c", entry, "trace", "-w", "--engine", engine, "true"]
            done = subprocess.run(
                argv, cwd=rpz.folder, env=rpz.environment, capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr


class TestStreams:
    def test_pass_through_unchanged(self, rpz: Rpz) -> None:
        data = random.Random(1).randbytes(5_000_000)
        done = rpz("trace", "-q", "sh", "-c", "tee /dev/stderr", stdin=data)
        assert done.stdout == data
        assert done.stderr == data

    def test_only_one_line_is_added_to_standard_error(self, rpz: Rpz) -> None:
        done = rpz("trace", "sh", "-c", "echo out; echo err >&2")
        assert done.stdout == b"out\n"
        first, second = done.stderr.splitlines()
        assert first == b"err"
        assert second.startswith(b"rpz: Traced 1 process, ")
        assert second.endswith(b"then: rpz pack")

    def test_the_next_command_names_another_folder(self, rpz: Rpz) -> None:
        done = rpz("trace", "-d", "a b", "true")
        assert done.stderr.endswith(b"Edit a b/config.yml if need be, then: rpz pack -d 'a b'\n")

    def test_a_reader_that_leaves_early(self, rpz: Rpz) -> None:
        with rpz.start("trace", "-q", "yes") as child:
            assert child.stdout.read(4) == b"y\ny\n"
            child.stdout.close()
            assert child.wait(timeout=30) == 128 + signal.SIGPIPE

    def test_closed_ones_stay_closed(self, rpz: Rpz) -> None:
        script = 'exec "$@" <&- >&-'
        command = ["sh", "-c", "readlink /proc/self/fd/0 /proc/self/fd/1 2>&1; echo $? >status"]
        argv = ["sh", "-c", script, "sh", *map(str, rpz.argv("trace", "-q", *command))]
        done = subprocess.run(
            argv, cwd=rpz.folder, env=rpz.environment, capture_output=True, check=False
        )
        assert b"Traceback" not in done.stderr
        assert (rpz.folder / "status").exists()

    def test_descriptors_of_the_shell_are_the_commands(self, rpz: Rpz) -> None:
        (rpz.folder / "data").write_text("through descriptor 7")
        with (rpz.folder / "data").open() as file:
            fd = file.fileno()
            with rpz.start("trace", "-q", "sh", "-c", f"cat /dev/fd/{fd}", pass_fds=[fd]) as child:
                assert child.stdout.read() == b"through descriptor 7"

    def test_no_descriptors_of_ours_are_left_to_the_command(self, rpz: Rpz) -> None:
        plain = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, check=True, input=b"")
        done = rpz("trace", "-q", "ls", "/proc/self/fd")
        assert done.stdout == plain.stdout


class TestSurroundings:
    """What the command sees of its process is what it would see without rpz."""

    ENTRIES = (
        b"LC_ALL=C",
        b"NO EQUALS SIGN",
        b"EMPTY=",
        b"=C:=odd",
        b"TWICE=1",
        b"TWICE=2",
        b"BYTES=\xff\n",
        b"LONG=" + b"x" * 40_000,
    )

    def outputs(self, rpz: Rpz, program: str, *arguments: str, engine: str) -> list[bytes]:
        """Run it without and with rpz, both from the same environment."""
        own = {name: rpz.environment[name] for name in ("PATH", "PYTHONPATH", "RPZ_TRACER")}
        entries = [*self.ENTRIES, *(f"{name}={value}".encode() for name, value in own.items())]
        environment = ",".join(entry.hex() for entry in entries)
        return [
            subprocess.run(
                [sys.executable, "-c", LAUNCHER, environment, *prefix, program, *arguments],
                cwd=rpz.folder,
                capture_output=True,
                check=True,
            ).stdout
            for prefix in ([], rpz.argv("trace", "-q", "--engine", engine))
        ]

    def test_environment(self, rpz: Rpz, tracer_engine: str) -> None:
        plain, under = self.outputs(rpz, "/usr/bin/env", "-0", engine=tracer_engine)
        assert plain.split(b"\0")[: len(self.ENTRIES)] == list(self.ENTRIES)
        assert under == plain

    def test_environment_is_recorded_as_it_was(self, rpz: Rpz, tracer_engine: str) -> None:
        plain, _ = self.outputs(rpz, "/usr/bin/env", "-0", engine=tracer_engine)
        with traced(rpz.folder) as trace:
            (execution,) = trace.rows(ExecutionRow)
        assert execution.envp == plain

    def test_an_empty_environment(self, rpz: Rpz, tmp_path: Path) -> None:
        path = rpz.environment["PYTHONPATH"].split(os.pathsep)
        entry = f"import sys; sys.path[:0] = {path!r};"
        entry += "from rpz.cli import main; main(sys.argv[1:])"
        wrapper = tmp_path / "tracer"
        wrapper.symlink_to(rpz.environment["RPZ_TRACER"])
        entry = f"import os; os.environ['RPZ_TRACER'] = {str(wrapper)!r};" + entry
        done = subprocess.run(
            [sys.executable, "-c", entry, "trace", "-q", "/usr/bin/env"],
            cwd=rpz.folder,
            env={},
            capture_output=True,
            check=True,
        )
        assert done.stdout == b""

    @pytest.mark.parametrize(
        "keys", [("SigBlk", "SigIgn", "SigCgt", "Umask"), ("Uid", "Gid", "Groups")]
    )
    def test_status(self, rpz: Rpz, tracer_engine: str, keys: tuple[str, ...]) -> None:
        plain, under = (
            [line for line in text.splitlines() if line.startswith(tuple(k.encode() for k in keys))]
            for text in self.outputs(rpz, "/bin/cat", "/proc/self/status", engine=tracer_engine)
        )
        assert len(plain) == len(keys)
        assert under == plain

    def test_limits(self, rpz: Rpz, tracer_engine: str) -> None:
        plain, under = self.outputs(rpz, "/bin/cat", "/proc/self/limits", engine=tracer_engine)
        assert under == plain

    def test_umask_and_working_folder(self, rpz: Rpz) -> None:
        script = 'umask 027; cd a; exec "$@"'
        (rpz.folder / "a").mkdir()
        argv = map(str, rpz.argv("trace", "-q", "sh", "-c", "umask; pwd"))
        done = subprocess.run(
            ["sh", "-c", script, "sh", *argv],
            cwd=rpz.folder,
            env=rpz.environment,
            capture_output=True,
            check=True,
        )
        assert done.stdout.decode().splitlines() == ["0027", str(rpz.folder / "a")]
        (run,) = runs(rpz.folder / "a")
        assert (run.umask, run.workingdir) == (0o27, os.fsencode(rpz.folder / "a"))

    def test_ignored_signals_stay_ignored(self, rpz: Rpz) -> None:
        """As under nohup, or in the background of a script."""
        script = "trap '' INT HUP TERM USR1; exec \"$@\""
        command = ["grep", "SigIgn", "/proc/self/status"]
        plain, under = (
            subprocess.run(
                ["sh", "-c", script, "sh", *map(str, argv)],
                cwd=rpz.folder,
                env=rpz.environment,
                capture_output=True,
                check=True,
            ).stdout
            for argv in (command, rpz.argv("trace", "-q", *command))
        )
        assert under == plain


class Terminal:
    """``rpz`` in the foreground of a terminal of its own."""

    def __init__(self, rpz: Rpz, *arguments: str, argv: list[str] | None = None) -> None:
        self._fd, terminal = os.openpty()
        argv = ["setsid", "--ctty", "--wait", *(argv or rpz.argv(*arguments))]
        streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
        self._child = subprocess.Popen(argv, cwd=rpz.folder, env=rpz.environment, **streams)
        os.close(terminal)
        self.output = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._fd)

    def read_until(self, text: bytes) -> None:
        with contextlib.suppress(OSError):  # the other side was closed
            while text not in self.output and (some := os.read(self._fd, 4096)):
                self.output += some
        assert text in self.output

    def write(self, data: bytes) -> None:
        os.write(self._fd, data)

    def wait(self) -> int:
        with contextlib.suppress(OSError):
            while some := os.read(self._fd, 4096):
                self.output += some
        return self._child.wait(timeout=30)


class TestSignals:
    TRAP = "trap 'echo got; exit 7' {}; echo ready; while :; do sleep 0.05; done"

    @pytest.mark.parametrize("name", ["TERM", "HUP", "USR1"])
    def test_sent_to_rpz_reach_the_command(self, rpz: Rpz, name: str) -> None:
        with rpz.start("trace", "-q", "sh", "-c", self.TRAP.format(name)) as child:
            assert child.stdout.readline() == b"ready\n"
            child.send_signal(signal.Signals[f"SIG{name}"])
            assert child.stdout.read() == b"got\n"
            assert child.wait(timeout=30) == 7
        assert runs(rpz.folder)[0].exitcode == 7

    @pytest.mark.parametrize(("key", "name"), [(b"\x03", "INT"), (b"\x1c", "QUIT")])
    def test_of_the_keyboard_reach_the_command_once(
        self, rpz: Rpz, tracer_engine: str, key: bytes, name: str
    ) -> None:
        arguments = ["-q", "--engine", tracer_engine, "sh", "-c", self.TRAP.format(name)]
        with Terminal(rpz, "trace", *arguments) as terminal:
            terminal.read_until(b"ready")
            terminal.write(key)
            assert terminal.wait() == 7
        assert terminal.output.count(b"got") == 1
        assert runs(rpz.folder)[0].exitcode == 7

    def test_of_the_keyboard_end_a_command_that_does_not_care(self, rpz: Rpz) -> None:
        with Terminal(rpz, "trace", "-q", "sh", "-c", "echo ready; exec sleep 60") as terminal:
            terminal.read_until(b"ready")
            terminal.write(b"\x03")
            assert terminal.wait() == 128 + signal.SIGINT
        assert runs(rpz.folder)[0].exitcode == 0x100 + signal.SIGINT

    def test_stopped_and_continued(self, rpz: Rpz, tracer_engine: str) -> None:
        script = "echo $$; read line; echo $line"
        arguments = ["-q", "--engine", tracer_engine, "sh", "-c", script]
        with rpz.start("trace", *arguments, stdin=subprocess.PIPE) as child:
            pid = int(child.stdout.readline())
            os.kill(pid, signal.SIGSTOP)
            wait_until(lambda: state_of(pid) in "Tt")
            child.stdin.write(b"line\n")
            child.stdin.flush()
            time.sleep(0.1)
            assert state_of(pid) in "Tt"
            os.kill(pid, signal.SIGCONT)
            assert child.stdout.read() == b"line\n"
            assert child.wait(timeout=30) == 0


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_until(condition, seconds: float = 20) -> None:
    for _ in range(int(seconds * 50)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


def test_a_trace_is_written(rpz: Rpz) -> None:
    (rpz.folder / "input").write_text("1")
    assert rpz("trace", "sh", "-c", "cat input >output").returncode == 0
    with traced(rpz.folder) as trace:
        files = {(row.name, row.mode, row.existed) for row in trace.rows(FileRow)}
        processes = list(trace.rows(ProcessRow))
        (run,) = trace.rows(RunRow)
    folder = os.fsencode(rpz.folder)
    assert (folder + b"/input", 1, True) in files
    assert (folder + b"/output", 2, False) in files
    assert [process.exitcode for process in processes] == [0, 0]
    assert run.started < run.ended
    assert run.timestamp < run.end_timestamp
    assert (run.uid, run.gid) == (os.getuid(), os.getgid())


def test_reprozips_readers_find_their_columns(rpz: Rpz) -> None:
    """The query of ``reprounzip graph``."""
    import sqlite3

    assert rpz("trace", "true").returncode == 0
    connection = sqlite3.connect(rpz.folder / ".rpz-trace" / "trace.sqlite3")
    with contextlib.closing(connection):
        (row,) = connection.execute(
            "SELECT id, parent, timestamp, is_thread, exitcode FROM processes ORDER BY id"
        )
        assert row[1] is None
        rows = connection.execute(
            "SELECT name, timestamp, mode, is_directory, process FROM opened_files ORDER BY id"
        ).fetchall()
    assert all(isinstance(name, str) for name, *_ in rows)


@pytest.fixture(autouse=True)
def _nothing_is_left_running(rpz: Rpz) -> Iterator[None]:
    yield
    here = os.fsencode(rpz.folder)
    left = [link for link in Path("/proc").glob("[0-9]*/cwd") if target_of(link) == here]
    assert left == []


def target_of(link: Path) -> bytes:
    with contextlib.suppress(OSError):
        return os.fsencode(link.readlink())
    return b""


class TestSnapshots:
    """What the command changes is kept as it was."""

    SCRIPT = "cat data >/dev/null; echo after >data"

    @pytest.fixture(autouse=True)
    def _data(self, rpz: Rpz) -> None:
        (rpz.folder / "data").write_text("before")

    def test_are_taken_by_both_engines(self, rpz: Rpz, tracer_engine: str) -> None:
        done = rpz("trace", "--engine", tracer_engine, "sh", "-c", self.SCRIPT)
        assert done.returncode == 0
        assert (rpz.folder / "data").read_text() == "after\n"
        (copy,) = (rpz.folder / ".rpz-trace" / "snapshots").rglob("*/*")
        assert copy.read_text() == "before"
        with traced(rpz.folder) as trace:
            (row,) = trace.rows(SnapshotRow)
        assert (row.run_id, row.kind, str(row.number)) == (0, "content", copy.name)

    def test_a_file_over_the_limit_is_said(self, rpz: Rpz, tracer_engine: str) -> None:
        options = ("--engine", tracer_engine, "--snapshot-limit", "5B")
        done = rpz("trace", *options, "sh", "-c", self.SCRIPT)
        assert done.returncode == 0
        assert f"{rpz.folder}/data was changed by the run".encode() in done.stderr
        assert b"larger than --snapshot-limit" in done.stderr
        assert not (rpz.folder / ".rpz-trace" / "snapshots").exists()

    def test_a_limit_that_is_no_size(self, rpz: Rpz) -> None:
        done = rpz("trace", "--snapshot-limit", "much", "true")
        assert done.returncode == 2
        assert b"'much' is no size; 500M and 2G are." in done.stderr

    def test_every_run_has_its_own(self, rpz: Rpz) -> None:
        for number in range(2):
            rpz("trace", *(["--continue"] if number else []), "sh", "-c", "echo more >>data")
        place = rpz.folder / ".rpz-trace" / "snapshots"
        copies = {str(path.relative_to(place)): path.read_text() for path in place.rglob("*/*")}
        assert copies == {"0/1": "before", "1/1": "beforemore\n"}
        rpz("trace", "--overwrite", "true")
        assert not place.exists()
