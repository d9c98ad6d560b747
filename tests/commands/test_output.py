"""`rpz trace --save-output`: what the run writes is kept, and passed on as it is."""

from __future__ import annotations

import fcntl
import random
import signal
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_trace import Terminal, assert_one_sentence, runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Rpz

pytestmark = pytest.mark.usefixtures("native_tracer")

SAVE = ("trace", "-q", "--save-output")

CONTROL = """
import os, signal, subprocess, sys
own = os.getpgrp()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = subprocess.Popen(sys.argv[1:], process_group=0)
os.tcsetpgrp(0, child.pid)
_, status = os.waitpid(child.pid, os.WUNTRACED)
os.tcsetpgrp(0, own)
print("stopped", os.WIFSTOPPED(status), flush=True)
sys.stdin.readline()
os.tcsetpgrp(0, child.pid)
os.killpg(child.pid, signal.SIGCONT)
_, status = os.waitpid(child.pid, 0)
os.tcsetpgrp(0, own)
print("ended", os.waitstatus_to_exitcode(status), flush=True)
"""
"""A shell's job control: start a job in the foreground; once it is stopped, a line sends it on."""


def saved(rpz: Rpz, name: str) -> bytes:
    return (rpz.folder / ".rpz-trace" / "output" / name).read_bytes()


def outputs(rpz: Rpz) -> list[str]:
    return sorted(path.name for path in (rpz.folder / ".rpz-trace" / "output").iterdir())


class TestPipes:
    def test_both_are_kept_and_passed_on(self, rpz: Rpz) -> None:
        data = random.Random(1).randbytes(5_000_000)
        done = rpz(*SAVE, "sh", "-c", "tee /dev/stderr; exit 3", stdin=data)
        assert done.returncode == 3
        assert done.stdout == done.stderr == data
        assert saved(rpz, "0.stdout") == saved(rpz, "0.stderr") == data

    def test_are_pipes(self, rpz: Rpz) -> None:
        done = rpz(*SAVE, "sh", "-c", "test -p /dev/stdout && test -p /dev/stderr")
        assert done.returncode == 0

    def test_one_for_both_keeps_the_order(self, rpz: Rpz) -> None:
        script = "i=0; while [ $i -lt 500 ]; do echo $i; echo $i >&2; i=$((i+1)); done"
        with rpz.start(*SAVE, "sh", "-c", script, stderr=subprocess.STDOUT) as child:
            said = child.stdout.read()
        assert said == b"".join(b"%d\n%d\n" % (n, n) for n in range(500))
        assert saved(rpz, "0.stdout") == said
        assert outputs(rpz) == ["0.stdout"]

    def test_a_reader_that_leaves_early(self, rpz: Rpz) -> None:
        with rpz.start(*SAVE, "yes") as child:
            assert child.stdout.read(4) == b"y\ny\n"
            child.stdout.close()
            assert child.wait(timeout=30) == 128 + signal.SIGPIPE

    def test_a_reader_that_leaves_before_anything_is_written(self, rpz: Rpz) -> None:
        script = "read line; sleep 0.3; echo x; echo y; echo z; echo not-reached >reached"
        with rpz.start(*SAVE, "sh", "-c", script, stdin=subprocess.PIPE) as child:
            child.stdout.close()
            child.stdin.write(b"\n")
            child.stdin.flush()
            assert child.wait(timeout=30) == 128 + signal.SIGPIPE
        assert not (rpz.folder / "reached").exists()

    @pytest.mark.parametrize("options", [SAVE, SAVE[:2]])
    def test_closed_ones_stay_closed(self, rpz: Rpz, options: tuple[str, ...]) -> None:
        command = ["sh", "-c", "echo x 2>/dev/null || exit 4"]
        argv = ["sh", "-c", 'exec "$@" >&-', "sh", *map(str, rpz.argv(*options, *command))]
        done = subprocess.run(
            argv, cwd=rpz.folder, env=rpz.environment, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (4, b"")

    def test_no_descriptors_of_ours_are_left_to_the_command(self, rpz: Rpz) -> None:
        plain = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, check=True, input=b"")
        assert rpz(*SAVE, "ls", "/proc/self/fd").stdout == plain.stdout

    def test_a_command_that_does_not_start_leaves_nothing(self, rpz: Rpz) -> None:
        done = rpz(*SAVE, "no-such-command")
        assert done.returncode == 127
        assert_one_sentence(done.stderr, "no-such-command")
        assert list(rpz.folder.iterdir()) == []

    def test_each_run_has_its_own(self, rpz: Rpz) -> None:
        for number in range(3):
            assert rpz(*SAVE, "--continue", "echo", str(number)).returncode == 0
        assert [saved(rpz, f"{n}.stdout") for n in range(3)] == [b"0\n", b"1\n", b"2\n"]
        assert rpz(*SAVE, "--overwrite", "echo", "new").returncode == 0
        assert outputs(rpz) == ["0.stderr", "0.stdout"]
        assert saved(rpz, "0.stdout") == b"new\n"


@pytest.mark.parametrize("mode", ["w+b", "a+b"])
def test_a_regular_file_is_the_commands_own(rpz: Rpz, mode: str) -> None:
    with (rpz.folder / "log").open(mode) as file:
        file.write(b"before\n")
        file.flush()
        script = "test -f /dev/stdout && echo out; echo err >&2; exit 3"
        with rpz.start(*SAVE, "sh", "-c", script, stdout=file, stderr=file) as child:
            assert child.wait(timeout=30) == 3
    assert (rpz.folder / "log").read_bytes() == b"before\nout\nerr\n"
    assert saved(rpz, "0.stdout") == b"out\nerr\n"
    assert outputs(rpz) == ["0.stdout"]


class TestTerminal:
    def test_is_one_for_the_command(self, rpz: Rpz) -> None:
        script = "test -t 0 && test -t 1 && test -t 2 && printf 'a\\nb\\033[1m\\tc\\n' && exit 5"
        with Terminal(rpz, *SAVE, "sh", "-c", script) as terminal:
            assert terminal.wait() == 5
        assert terminal.output == b"a\r\nb\033[1m\tc\r\n"
        assert saved(rpz, "0.stdout") == b"a\nb\033[1m\tc\n"
        assert outputs(rpz) == ["0.stdout"]

    def test_its_size_is_the_real_ones(self, rpz: Rpz) -> None:
        # The real terminal tells first: the command may ask too early, and is told again
        look = 'set -- $(stty size <&3); [ "$1" = 50 ] && stty size <&3 && exit 6'
        script = f"exec 3<&1; trap '{look}' WINCH; stty size <&3; while :; do sleep 0.05; done"
        with Terminal(rpz, *SAVE, "sh", "-c", script) as terminal:
            terminal.read_until(b"0 0\r\n")
            size = struct.pack("HHHH", 50, 133, 0, 0)
            fcntl.ioctl(terminal._fd, termios.TIOCSWINSZ, size)
            assert terminal.wait() == 6
        assert b"50 133\r\n" in terminal.output

    @pytest.mark.parametrize(("key", "name"), [(b"\x03", "INT"), (b"\x1c", "QUIT")])
    def test_its_keys_reach_the_command_once(self, rpz: Rpz, key: bytes, name: str) -> None:
        script = f"trap 'echo got; exit 7' {name}; echo ready; while :; do sleep 0.05; done"
        with Terminal(rpz, *SAVE, "sh", "-c", script) as terminal:
            terminal.read_until(b"ready")
            terminal.write(key)
            assert terminal.wait() == 7
        assert terminal.output.count(b"got") == 1
        assert runs(rpz.folder)[0].exitcode == 7

    def test_is_the_controlling_one(self, rpz: Rpz) -> None:
        script = "read line </dev/tty; echo got $line"
        with Terminal(rpz, *SAVE, "sh", "-c", script) as terminal:
            terminal.write(b"word\n")
            terminal.read_until(b"got word")
            assert terminal.wait() == 0

    def test_raw_mode_that_is_set_by_the_output_is_the_real_ones(self, rpz: Rpz) -> None:
        script = (
            "stty -echo -icanon min 1 <&1; echo ready; dd bs=1 count=1 2>/dev/null | od -An -tx1;"
            "stty echo icanon <&1; echo done; cat"
        )
        with Terminal(rpz, *SAVE, "sh", "-c", script) as terminal:
            terminal.read_until(b"ready")
            terminal.write(b"q")  # without a newline
            terminal.read_until(b"71\r\ndone")
            assert b"q" not in terminal.output
            settings = termios.tcgetattr(terminal._fd)
            assert settings[3] & termios.ECHO
            assert settings[3] & termios.ICANON
            # If `cat` began to read before the mode came to the real terminal, the kernel has it
            # wait for a byte, and an end of the input alone is none.
            terminal.write(b"\n\x04")
            assert terminal.wait() == 0

    def test_a_job_is_stopped_and_goes_on(self, rpz: Rpz, tmp_path: Path) -> None:
        shell = [sys.executable, "-c", CONTROL, *map(str, rpz.argv(*SAVE))]
        # Stopped in a read, it could still take the line that is meant for the shell
        script = "echo ready; sleep 1; read line; echo got $line; exit 8"
        with Terminal(rpz, "--version", argv=[*shell, "sh", "-c", script]) as terminal:
            terminal.read_until(b"ready")
            terminal.write(b"\x1a")
            terminal.read_until(b"stopped True")
            terminal.write(b"\n")
            terminal.write(b"word\n")
            terminal.read_until(b"got word")
            terminal.read_until(b"ended 8")
        assert (tmp_path / ".rpz-trace" / "config.yml").exists()
