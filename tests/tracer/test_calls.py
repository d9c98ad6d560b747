"""What the native tracer says of calls besides the files: what is absent, what is in folders, where
mounts are other than the tracer's; and which calls it lets pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rpz.tracer import records
from rpz.tracer.records import ConnectionKind
from tests.conftest import require
from tests.tracer import harness
from tests.tracer.harness import Traced, check_stream, traced


@pytest.fixture(params=["native", "sanitized"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    tracer = request.getfixturevalue(f"{request.param}_tracer")
    monkeypatch.setitem(harness.ENGINES, request.param, [str(tracer)])
    return request.param


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def python(engine: str, folder: Path, code: str) -> Traced:
    run = traced(engine, folder, sys.executable, "-I", "-S", "-c", f"import os, time\n{code}")
    assert run.status == 0, run.stderr
    check_stream(run.records)
    return run


def names_in(run: Traced, kind: type[records.Absent | records.Listing], folder: Path) -> list[str]:
    """Return the names below a folder that records of a kind are about, in their order."""
    names = {r.path: r.name for r in run.records if isinstance(r, records.PathName)}
    found = [os.fsdecode(names[r.path]) for r in run.records if isinstance(r, kind)]
    return [os.path.relpath(name, folder) for name in found if Path(name).is_relative_to(folder)]


def warnings(run: Traced) -> list[str]:
    return [r.text.decode() for r in run.records if isinstance(r, records.Warn)]


class TestAbsent:
    MISS = """
def miss(name):
    try: open(name)
    except FileNotFoundError: return
    raise SystemExit(f"{name} is there")
"""

    def absent(self, engine: str, folder: Path, code: str) -> list[str]:
        return names_in(python(engine, folder, self.MISS + code), records.Absent, folder)

    def test_once_a_run(self, engine: str, folder: Path) -> None:
        code = """
for name in "aab": miss(name)
if os.fork() == 0: miss("a"), os._exit(0)
os.wait()"""
        assert self.absent(engine, folder, code) == ["a", "b"]

    @pytest.mark.parametrize(
        "change",
        [
            "open('a', 'w'), os.remove('a')",
            "open('x', 'w'), os.rename('x', 'a'), os.rename('a', 'y')",
            "os.mkdir('a'), os.rmdir('a')",
            "os.symlink('x', 'a'), os.remove('a')",
        ],
    )
    def test_again_when_it_has_come_and_gone(self, engine: str, folder: Path, change: str) -> None:
        code = f"miss('a'), miss('a'), {change}, miss('a'), miss('a')"
        assert [n for n in self.absent(engine, folder, code) if n == "a"] == ["a", "a"]

    def test_only_the_first_folder_that_is_missing(self, engine: str, folder: Path) -> None:
        code = "miss('a/b/c'), miss('a/d'), os.mkdir('a'), miss('a/b/c'), miss('./a//../a/b')"
        assert self.absent(engine, folder, code) == ["a", "a/b"]

    def test_not_below_proc(self, engine: str, folder: Path) -> None:
        run = python(engine, folder, self.MISS + "miss('/proc/none'), miss('/proc/self/none')")
        assert names_in(run, records.Absent, Path("/proc")) == []

    def test_the_search_of_the_command(self, engine: str, folder: Path) -> None:
        (folder / "bin").mkdir()
        path = f"{folder}/bin:{os.environ['PATH']}"
        run = traced(engine, folder, "sh", "-c", "env true", env={"PATH": path})
        assert names_in(run, records.Absent, folder) == ["bin/sh", "bin/env", "bin/true"]


class TestListings:
    def test_once_until_the_folder_changes(self, engine: str, folder: Path) -> None:
        code = """
os.mkdir("d"), open("d/a", "w").close(), time.sleep(0.05)
for _ in range(3): os.listdir("d")
open("d/b", "w").close(), time.sleep(0.05)
for _ in range(3): os.listdir("d")"""
        assert names_in(python(engine, folder, code), records.Listing, folder) == ["d", "d"]

    def test_no_change_is_missed(self, engine: str, folder: Path) -> None:
        """Also of changes that follow each other faster than the clock of the file system."""
        code = """
os.mkdir("d")
for i in range(20): open(f"d/{i:02}", "w").close(), os.listdir("d")"""
        run = python(engine, folder, code)
        sizes = {len(r.entries) for r in run.records if isinstance(r, records.Listing)}
        assert set(range(1, 21)) <= sizes

    def test_any_name(self, engine: str, folder: Path) -> None:
        odd = [b"\xff\xfe", b"new\nline", b" ", b"-n", b"x" * 255]
        for name in odd:
            Path(os.fsdecode(bytes(folder) + b"/" + name)).touch()
        run = python(engine, folder, "os.listdir('.')")
        assert tuple(sorted(b"f" + name for name in odd)) in [
            r.entries for r in run.records if isinstance(r, records.Listing)
        ]

    def test_a_giant_folder(self, engine: str, folder: Path) -> None:
        giant = folder / "giant"
        giant.mkdir()
        for number in range(100_001):
            os.close(os.open(f"{giant}/{number}", os.O_CREAT | os.O_WRONLY))
        run = python(
            engine, folder, "assert len(os.listdir('giant')) == 100001, os.listdir('giant')"
        )
        assert names_in(run, records.Listing, folder) == []
        (warning,) = warnings(run)
        assert str(giant) in warning


class TestNamespaces:
    """Mounts of a process's own, and mounts where the tracer sees them too."""

    @pytest.fixture(autouse=True)
    def needs_namespaces(self) -> None:
        made = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
        require(made.returncode == 0, "no mount namespaces can be made here")

    @pytest.mark.parametrize(
        "script",
        [
            "unshare -rm true; unshare -rm true",
            "unshare -rm sh -c 'mount --bind a b && cat b/f >/dev/null'",
            # setns: into that of a process that has its own
            (
                "unshare -rm sleep 60 & sleep 0.3; "
                "nsenter -U -m --preserve-credentials -t $! true; kill $!; wait; true"
            ),
        ],
    )
    def test_another_namespace_is_told_of_once(
        self, engine: str, folder: Path, script: str
    ) -> None:
        for name in "ab":
            (folder / name).mkdir()
        (folder / "a" / "f").touch()
        run = traced(engine, folder, "sh", "-c", script)
        assert (run.status, run.stderr) == (0, b"")
        assert sum("mount namespace" in text for text in warnings(run)) == 1

    def test_a_clone_with_its_own(self, engine: str, folder: Path) -> None:
        code = """
import ctypes, platform
number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
child = ctypes.CDLL(None).syscall(number, 0x10020000 | 17, 0, 0, 0, 0, 0)
if child == 0: os._exit(0)
assert child > 0 and os.waitpid(child, 0)[1] == 0"""
        (warning,) = warnings(python(engine, folder, code))
        assert "mount namespace" in warning

    def test_other_namespaces_are_no_matter(self, engine: str, folder: Path) -> None:
        assert warnings(traced(engine, folder, "unshare", "-r", "true")) == []

    def test_a_mount_where_the_tracer_sees_it(
        self, engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A folder that was walked through before is a link now."""
        for name in ("d/x", "e", "other"):
            (folder / name).mkdir(parents=True)
        for name in ("d/x/f", "other/f"):
            (folder / name).touch()
        (folder / "e" / "x").symlink_to("../other")
        outside = ["unshare", "-rm", *harness.ENGINES[engine]]
        monkeypatch.setitem(harness.ENGINES, engine, outside)
        run = traced(engine, folder, "sh", "-c", "cat d/x/f; mount --bind e d && cat d/x/f")
        assert (run.status, run.stderr) == (0, b"")
        uses = Counter(line for line in run.lines() if line.startswith("READ "))
        assert uses[f"READ {folder}/d/x/f"] == uses[f"READ {folder}/other/f"] == 1
        assert f"STAT {folder}/e" in run.lines()
        assert warnings(run) == []


class TestStops:
    """A stop for the tracer is a voluntary context switch."""

    def switches(self, engine: str, folder: Path, code: str) -> int:
        run = python(
            engine,
            folder,
            f"""
import ctypes, platform, resource, socket
BPF = {{"x86_64": 321, "aarch64": 280}}[platform.machine()]
libc = ctypes.CDLL(None)
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
count = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
before = count()
for _ in range(1000):
    {code}
print(count() - before)""",
        )
        return int(run.stdout)

    @pytest.mark.parametrize(
        "code",
        [
            "one.send(b'x'), other.recv(1)",  # sendto without an address
            "os.getppid(), os.umask(0o22)",
            "libc.unshare(0)",
            "libc.syscall(BPF, 0, 0, 0)",  # not for the path of an object
        ],
    )
    def test_calls_that_name_nothing_pass(self, engine: str, folder: Path, code: str) -> None:
        assert self.switches(engine, folder, code) < 500

    def test_calls_that_name_something_stop(self, engine: str, folder: Path) -> None:
        """What the test above counts is there to be counted."""
        assert self.switches(engine, folder, "os.chdir('.')") >= 1000


def test_receivers_are_recorded_once_a_process(engine: str, folder: Path) -> None:
    code = """
import socket
server, client = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
place = server.getsockname()
for _ in range(3): client.sendto(b"x", place), client.sendmsg([b"x"], [], 0, place)
if os.fork() == 0: client.sendto(b"x", place), os._exit(0)
os.wait()"""
    run = python(engine, folder, code)
    sent = [
        r.process
        for r in run.records
        if isinstance(r, records.Connection) and r.kind == ConnectionKind.SENDTO
    ]
    assert sent == [1, 2]


class TestSupervisor:
    """One process has one listener for seccomp's user notification."""

    def test_what_rpz_does_already(self, engine: str, folder: Path, compiled) -> None:
        run = traced(engine, folder, compiled("supervisor"))
        assert (run.status, run.stderr) == (0, b"")
        supervised = (folder / "supervised").exists()  # the kernel has no cheap notifications
        assert supervised == (not any("--stops-only" in text for text in warnings(run)))

    def test_stops_only(self, native_tracer: Path, folder: Path, compiled, monkeypatch) -> None:
        monkeypatch.setitem(harness.ENGINES, "native", [str(native_tracer), "-n"])
        run = traced("native", folder, compiled("supervisor"))
        assert (run.status, run.stderr, warnings(run)) == (0, b"", [])
        assert (folder / "supervised").exists()
