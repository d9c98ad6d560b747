"""A program does the same under the tracer as without: same output, same status."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rpz.tracer import records
from rpz.tracer.stream import read_records
from tests.conftest import require

SECONDS = 20.0
USER = "nobody"

PYTHON = {
    "job control": """
import time
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.5)  # so that having been continued is seen
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.5), os._exit(3)
for _ in range(2):
    status = os.waitpid(pid, os.WUNTRACED)[1]
    print(os.WIFSTOPPED(status) and os.WSTOPSIG(status))
    os.kill(pid, signal.SIGCONT)
    print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]))
print(os.waitpid(pid, 0)[1])""",
    "a group stop of threads": """
import threading, time
pid = os.fork()
if pid == 0:
    for _ in range(5): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    open("ready", "w")
    time.sleep(9)
while not os.path.exists("ready"): time.sleep(0.01)
os.kill(pid, signal.SIGSTOP)
print(os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]))
os.kill(pid, signal.SIGCONT)
print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]))
os.kill(pid, signal.SIGTERM)
print(os.waitpid(pid, 0)[1])""",
    "what is inherited": """
import resource
print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
print([signal.getsignal(number) for number in range(1, 32) if number not in (9, 19)])
print(oct(os.umask(0)), sys.orig_argv, os.getcwd(), sorted(os.environ.items()))
print([resource.getrlimit(number) for number in range(16)])
fds = os.listdir("/proc/self/fd")
print(sorted(fds), os.getpgid(0) == os.getpid(), os.getsid(0), os.getpriority(os.PRIO_PROCESS, 0))
print(os.sched_getscheduler(0))
fields = ("Sig", "Shd", "Cap", "Cpus", "Mems", "CoreDumping", "THP", "Groups", "Uid", "Gid")
lines = [line for line in open("/proc/self/status") if line.startswith(fields)]
print([line for line in lines if not line.startswith("SigQ")])  # of all of the user's processes""",
    "processors": """
import threading
seen = set()
def look():
    for _ in range(200):
        try: os.stat("nothing")
        except OSError: pass
        seen.add(tuple(sorted(os.sched_getaffinity(0))))
        seen.add(tuple(sorted(os.sched_getaffinity(os.getppid()))) and 0)
look()
threads = [threading.Thread(target=look) for _ in range(8)]
[t.start() for t in threads], [t.join() for t in threads]
for _ in range(40):
    if os.fork() == 0:
        look()
        print(sorted(map(str, seen))) if len(seen) != 2 else None
        os._exit(0)
    assert os.wait()[1] == 0
print(seen, [line for line in open("/proc/self/status") if line.startswith("Cpus")])
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
for _ in range(100): os.path.exists("nothing")
print(os.sched_getaffinity(0))""",
    "processors in /proc": """
seen = set()
for _ in range(3000):
    seen |= {line for line in open("/proc/self/status") if line.startswith("Cpus")}
print(sorted(seen))""",
    "2,000 threads": """
import threading
threading.stack_size(65536)
go = threading.Event()
def work(): go.wait(), os.path.exists("nothing")
threads = [threading.Thread(target=work) for _ in range(2000)]
[t.start() for t in threads], go.set(), [t.join() for t in threads]
print(len(threads))""",
    "deep recursion of fork": """
def dive(depth):
    if depth == 0: return 42
    pid = os.fork()
    if pid == 0: os._exit(dive(depth - 1))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(dive(300))""",
    "killed by each signal": """
import resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number in (*range(1, 17), *range(24, 32), 34, 64):
    pid = os.fork()
    if pid == 0:
        signal.signal(number, signal.SIG_DFL) if number != 9 else None
        os.kill(os.getpid(), number), os._exit(0)
    print(number, os.waitpid(pid, 0)[1])""",
    "not dumpable": """
import ctypes
ctypes.CDLL(None).prctl(4, 0)
print(open("f", "w").write("x"), os.path.exists("f"), os.path.exists("g"), os.listdir())
print(os.system("true"))""",
    "a filter of its own": """
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
def install(code):
    raw = b"".join(struct.pack("HBBI", *line) for line in code)
    text = ctypes.create_string_buffer(raw)
    header = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
    program = ctypes.create_string_buffer(header)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, program) == 0
RETURN, LOAD, EQUAL, KILL, ALLOW, ERROR = 6, 0x20, 0x15, 0x80000000, 0x7FFF0000, 0x50000
install([(LOAD, 0, 0, 0), (EQUAL, 0, 1, 83), (RETURN, 0, 0, ERROR | 99), (RETURN, 0, 0, ALLOW)])
try: os.mkdir("d")
except OSError as error: print(error.errno)
print(open("f", "w").write("x"))
pid = os.fork()
if pid == 0:
    install([(LOAD, 0, 0, 0), (EQUAL, 0, 1, 87), (RETURN, 0, 0, KILL), (RETURN, 0, 0, ALLOW)])
    os.remove("f"), os._exit(0)
print(os.waitpid(pid, 0)[1] & 127, os.path.exists("f"))
pid = os.fork()
if pid == 0:
    libc.prctl(22, 1)
    os.write(1, b"strict\\n"), os.open("f", os.O_RDONLY)
print(os.waitpid(pid, 0)[1])""",
}
SHELL = {
    "10,000 processes": "i=0; while [ $i -lt 10000 ]; do (:); i=$((i+1)); done; echo $i",
    "pipes": "seq 20000 | sort -r | (read x; echo $x; cat >/dev/null) ; echo ${PIPESTATUS[*]}",
    "traps": "trap 'echo int' INT; kill -INT $$; trap 'echo chld' CHLD; (exit 3); echo $?; kill $$",
    "exec -a": 'exec -a "odd" bash -c \'echo "$0"; tr "\\\\0" "\\\\n" </proc/$$/cmdline\' arg0',
}


OPTIONS = {"stops only": "-n", "old ways": "-r"}


@pytest.fixture(params=["native_tracer", "sanitized_tracer", *OPTIONS])
def tracer(request: pytest.FixtureRequest) -> list[str]:
    """The command line of the tracer, but for its output."""
    if option := OPTIONS.get(request.param):
        return [str(request.getfixturevalue("native_tracer")), option]
    return [str(request.getfixturevalue(request.param))]


def outcome(folder: Path, argv: list[str]) -> tuple[int, bytes, bytes]:
    shutil.rmtree(folder / "work", ignore_errors=True)
    (folder / "work").mkdir()
    done = subprocess.run(
        argv,
        cwd=folder / "work",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def compare(tracer: list[str], folder: Path, command: list[str]) -> list[records.Record]:
    """Run a command without and with the tracer; return the trace."""
    status, output, errors = outcome(folder, command)
    expected = (status if status >= 0 else 128 - status, output, errors)
    assert outcome(folder, [*tracer, str(folder / "out"), "--", *command]) == expected
    stream = list(read_records(folder / "out"))
    assert isinstance(stream[-1], records.End)
    return stream


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str, tracer: list[str], tmp_path: Path) -> None:
    code = f"import os, signal, sys\n{PYTHON[name]}"
    compare(tracer, tmp_path, [sys.executable, "-I", "-S", "-u", "-c", code])


@pytest.mark.parametrize("name", SHELL)
def test_shell(name: str, tracer: list[str], tmp_path: Path) -> None:
    compare(tracer, tmp_path, ["bash", "-c", SHELL[name]])


def warnings(stream: list[records.Record]) -> list[bytes]:
    return [record.text for record in stream if isinstance(record, records.Warn)]


def test_a_tracer_inside_is_refused_and_the_rest_goes_on(tracer: list[str], tmp_path: Path) -> None:
    require("strace", "no strace")
    script = "strace -o log true; echo $?; echo rest >rest"
    folder = tmp_path / "work"
    status, output, _ = outcome(
        tmp_path, [*tracer, str(tmp_path / "out"), "--", "sh", "-c", script]
    )
    assert (status, output) == (0, b"1\n")
    assert (folder / "rest").exists()
    (warning,) = warnings(list(read_records(tmp_path / "out")))
    assert b"wanted to trace another" in warning


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a setuid program of root's")
def test_a_setuid_program_is_warned_of(native_tracer: Path) -> None:
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        folder.chmod(0o777)
        program = Path(shutil.copy("/usr/bin/id", folder / "id"))
        program.chmod(0o4755)
        copy = shutil.copy(native_tracer, folder / "tracer")
        user = ["setpriv", f"--reuid={USER}", "--clear-groups"]
        argv = [*user, copy, folder / "out", "--", "sh", "-c", f"{program} -u; {program} -u"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0
        assert b"0" not in done.stdout.split()
        (warning,) = warnings(list(read_records(folder / "out")))
        assert bytes(program) in warning
        assert b"more rights than yours" in warning
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(("key", "said"), [(b"\x03", b"130"), (b"\x1c", b"131")])
def test_keys_of_the_terminal(tracer: list[str], tmp_path: Path, key: bytes, said: bytes) -> None:
    """Ctrl-C and Ctrl-\\ end the command, and rpz-tracer says so."""
    shown = in_terminal(
        [*tracer, str(tmp_path / "out"), "--", "sh", "-c", "ulimit -c 0; echo on; exec sleep 60"],
        [(b"on", key)],
    )
    assert b"ended " + said in shown
    assert isinstance(list(read_records(tmp_path / "out"))[-1], records.End)


def test_ctrl_z_and_fg(tracer: list[str], tmp_path: Path) -> None:
    command = [*tracer, str(tmp_path / "out"), "--", "sh", "-c", "echo on; read x; echo got $x"]
    line = " ".join(command[:-1]) + f" '{command[-1]}'"
    shown = in_terminal(
        ["bash", "--norc", "--noediting", "-i", "-c", f"set -m; {line}; echo stopped $?; fg; exit"],
        [(b"on\r\n", b"\x1a"), (b"stopped 148", b"word\n")],
    )
    assert b"got word" in shown
    assert isinstance(list(read_records(tmp_path / "out"))[-1], records.End)


def in_terminal(argv: list[str], keys: list[tuple[bytes, bytes]]) -> bytes:
    """Run a command in a terminal of its own; send each text once another is shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    shown = b""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            shown += os.read(terminal, 1000)
        except OSError:  # that is how the end of a terminal shows
            break
        if keys and keys[0][0] in shown:
            time.sleep(0.3)
            os.write(terminal, keys.pop(0)[1])
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return shown + b"\nended %d" % status
