"""The native tracer: what a scientist's programs do is in the trace, on the normal build and on the
one with the sanitizers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from rpz.tracer.records import Mode
from rpz.tracer.stream import read_records
from tests.conftest import require
from tests.tracer import harness
from tests.tracer.harness import Traced, check_stream, traced

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=["native", "sanitized"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    fixture = {"native": "native_tracer", "sanitized": "sanitized_tracer"}[request.param]
    tracer = request.getfixturevalue(fixture)
    monkeypatch.setitem(harness.ENGINES, request.param, [str(tracer)])
    return request.param


@pytest.fixture(params=["-n", "-r"])
def old_ways(
    request: pytest.FixtureRequest, native_tracer: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The tracer as it works on old kernels and in strict containers."""
    monkeypatch.setitem(harness.ENGINES, "old ways", [str(native_tracer), request.param])
    return "old ways"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def shell(engine: str, folder: Path, script: str) -> Traced:
    run = traced(engine, folder, "bash", "-c", script)
    assert run.status == 0, run.stderr
    check_stream(run.records)
    return run


def python(engine: str, folder: Path, code: str) -> Traced:
    run = traced(
        engine, folder, sys.executable, "-I", "-S", "-c", f"import os, sys, signal\n{code}"
    )
    assert run.status == 0, run.stderr
    check_stream(run.records)
    return run


def files(run: Traced) -> list[records.File]:
    return [record for record in run.records if isinstance(record, records.File)]


def used(run: Traced, path: Path, mode: Mode) -> int:
    """Count the records of this use of a file, by whomever."""
    numbers = {
        r.path for r in run.records if isinstance(r, records.PathName) and r.name == bytes(path)
    }
    return sum(r.path in numbers and r.mode == mode for r in files(run))


def make_tree(folder: Path) -> dict[str, list[bytes]]:
    """Make folders and files, also with odd names."""
    made: dict[str, list[bytes]] = {"folders": [], "files": []}
    for name in (b"a", b"a/b", b"a/b/c", b"new\nline", b"\xff\xfe", b"space d", b"a/.hidden"):
        made["folders"].append(name)
        place = folder / os.fsdecode(name)
        place.mkdir()
        for file in (b"f", b"two\nlines", b"\xff", b" ", b"-n"):
            made["files"].append(name + b"/" + file)
            (place / os.fsdecode(file)).write_text("text\n")
    return {kind: [bytes(folder) + b"/" + name for name in names] for kind, names in made.items()}


def has_ended(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def check_program(run: Traced) -> None:
    """Check that a program ran as it should, and that all it did is in the trace."""
    assert run.stderr == b""
    assert run.status == 0
    assert run.missing() == []
    check_stream(run.records)


@pytest.mark.parametrize("name", harness.program_names("snapshots"))
def test_programs(name: str, engine: str, folder: Path, compiled) -> None:
    check_program(traced(engine, folder, compiled(name)))


@pytest.mark.parametrize("name", harness.program_names("snapshots"))
def test_programs_on_old_kernels(name: str, old_ways: str, folder: Path, compiled) -> None:
    check_program(traced(old_ways, folder, compiled(name)))


@pytest.mark.parametrize("name", ["open", "openat", "symlinks", "exec"])
def test_static_programs(name: str, native: str, folder: Path, compiled) -> None:
    run = traced(native, folder, compiled(name, "-static"))
    assert run.status == 0
    loaders = {line for line in run.missing() if "/ld-" in line}  # exec.c asks for its own
    assert set(run.missing()) == loaders


class TestServedByTheRun:
    """A file system whose server is traced: who asks it while it waits for the tracer, hangs."""

    def run(self, engine: str, folder: Path, *command: str | Path) -> Traced:
        run = traced(engine, folder, *command)
        require(run.status != 77, "no FUSE: it needs root and /dev/fuse")
        assert (run.status, run.stderr) == (0, b"")
        check_stream(run.records)
        return run

    def test_what_was_used_is_recorded_unasked(self, engine: str, folder: Path, compiled) -> None:
        assert self.run(engine, folder, compiled("users/fuse")).missing() == []

    def test_on_old_kernels(self, old_ways: str, folder: Path, compiled) -> None:
        assert self.run(old_ways, folder, compiled("users/fuse")).missing() == []

    def test_where_only_the_run_sees_it(self, engine: str, folder: Path, compiled) -> None:
        run = self.run(engine, folder, "unshare", "-m", compiled("users/fuse"))
        assert any(line.startswith("WARNING A process entered a mount") for line in run.lines())

    def test_that_gives_up_what_is_interrupted(self, engine: str, folder: Path, compiled) -> None:
        """Its server isn't traced; the tracer's own interrupt is none of the program's."""
        program = compiled("users/impatient")
        (folder / "mount").mkdir()
        served = subprocess.run([program, "serve", folder / "mount"], check=False)
        require(served.returncode == 0, "no FUSE: it needs root and /dev/fuse")
        try:
            file = folder / "mount" / "file"
            run = traced(engine, folder, program, "open", file)
            assert (run.status, run.stderr) == (0, b"")
            assert used(run, file, Mode.READ) > 0
        finally:
            subprocess.run(["umount", "-l", folder / "mount"], check=True)


class TestTools:
    @pytest.mark.parametrize("command", ["tar cf ../all.tar .", "grep -r nothing . || true"])
    def test_read_every_file(self, engine: str, folder: Path, command: str) -> None:
        made = make_tree(folder)
        uses = shell(engine, folder, command).uses()
        assert [name for name in made["files"] if (name, Mode.READ) not in uses] == []

    def test_find_lists_every_folder_and_looks_at_every_file(
        self, engine: str, folder: Path
    ) -> None:
        made = make_tree(folder)
        uses = shell(engine, folder, "find . -size +0").uses()
        assert [name for name in made["folders"] if (name, Mode.READ) not in uses] == []
        assert [name for name in made["files"] if (name, Mode.STAT) not in uses] == []

    def test_copying_and_removing_a_tree(self, engine: str, folder: Path) -> None:
        tree = folder / "tree"
        tree.mkdir()
        made = make_tree(tree)
        run = shell(engine, folder, "cp -r tree copy; rm -r copy")
        removed = {
            os.fsencode(line) for line in run.lines() if line.startswith(("REMOVE", "RMDIR"))
        }
        for name in made["files"]:
            assert (name, Mode.READ) in run.uses()
            assert (name.replace(b"/tree/", b"/copy/"), Mode.WRITE) in run.uses()
            assert b"REMOVE " + name.replace(b"/tree/", b"/copy/") in removed
        for name in made["folders"]:
            assert b"RMDIR " + name.replace(b"/tree/", b"/copy/") in removed


class TestOnce:
    def test_a_file_read_twice(self, native: str, folder: Path) -> None:
        (folder / "f").touch()
        run = shell(native, folder, "exec cat f f ./f $PWD/f")
        assert used(run, folder / "f", Mode.READ) == 1

    def test_but_once_for_each_process(self, native: str, folder: Path) -> None:
        (folder / "f").touch()
        run = shell(native, folder, "cat f; cat f; true")
        assert used(run, folder / "f", Mode.READ) == 2

    @pytest.mark.parametrize("change", ["os.remove('f')", "os.rename('f', 'g')"])
    def test_but_again_for_another_file_of_that_name(
        self, native: str, folder: Path, change: str
    ) -> None:
        run = python(native, folder, f"for _ in range(3): open('f', 'w'), open('f'), {change}")
        assert used(run, folder / "f", Mode.WRITE) == 3
        assert used(run, folder / "f", Mode.READ) == 3

    def test_but_again_in_a_folder_made_again(self, native: str, folder: Path) -> None:
        code = "os.mkdir('d'), open('d/f', 'w'), os.remove('d/f'), os.rmdir('d')"
        run = python(native, folder, f"for _ in range(3): {code}")
        assert used(run, folder / "d" / "f", Mode.WRITE) == 3
        assert used(run, folder / "d", Mode.WRITE) == 3

    def test_a_connection_that_a_signal_interrupts(
        self, engine: str, folder: Path, compiled
    ) -> None:
        run = traced(engine, folder, compiled("interrupted"))
        made = [r.address for r in run.records if isinstance(r, records.Connection) if r.kind == 1]
        assert len(made) == len(set(made)) == 4

    def test_a_receiver_whose_name_is_another_file(self, engine: str, folder: Path) -> None:
        code = """
import socket
for name in "ab":
    os.mkdir(name), os.chdir(name)
    server, client = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    server.bind("s")
    for _ in range(2): client.sendto(b"x", "s"), client.sendmsg([b"x"], [], 0, "s")
    os.chdir("..")"""
        run = python(engine, folder, code)
        assert {f"WRITE|SOCKET:EXISTED {folder}/{name}/s" for name in "ab"} <= run.lines()
        sent = [r for r in run.records if isinstance(r, records.Connection) if r.kind == 4]
        assert len(sent) == 1


class TestSignals:
    @pytest.mark.parametrize("send", [os.killpg, os.kill])
    def test_the_command_gets_what_was_sent_once(
        self, engine: str, folder: Path, compiled, send: Callable[[int, int], None]
    ) -> None:
        argv = [*harness.ENGINES[engine], folder / "o", "--", compiled("users/terms")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as tracer:
            assert tracer.stdout
            assert tracer.stdout.readline() == b"ready\n"
            send(tracer.pid, signal.SIGTERM)
            assert tracer.stdout.read() == b"1\n"
        assert tracer.returncode == 0

    @pytest.mark.parametrize("send", [os.killpg, os.kill])
    @pytest.mark.parametrize("how", [[], ["by signalfd"]], ids=["sigtimedwait", "signalfd"])
    def test_also_when_it_takes_it_from_the_queue(
        self,
        engine: str,
        folder: Path,
        compiled,
        send: Callable[[int, int], None],
        how: list[str],
    ) -> None:
        argv = [*harness.ENGINES[engine], folder / "o", "--", compiled("users/takes"), *how]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as tracer:
            assert tracer.stdout
            assert tracer.stdout.readline() == b"ready\n"
            time.sleep(0.1)  # until it waits
            send(tracer.pid, signal.SIGTERM)
            assert tracer.stdout.read() == b"1\n"
        assert tracer.returncode == 0


class TestSpecial:
    def test_a_rename_between_names_of_one_file_does_nothing(
        self, engine: str, folder: Path
    ) -> None:
        code = "open('a', 'w'), os.link('a', 'b'), os.rename('a', 'b'), open('a'), open('b')"
        lines = python(engine, folder, code).lines()
        assert not any(line.startswith("RENAME") for line in lines)
        assert {f"READ {folder}/a", f"READ {folder}/b"} <= lines

    def test_a_call_that_the_programs_own_filter_gives_to_a_tracer(
        self, engine: str, folder: Path
    ) -> None:
        code = """
import ctypes, struct
code = [(0x20, 0, 0, 0), (0x15, 0, 1, GETPPID), (6, 0, 0, 0x7FF00000), (6, 0, 0, 0x7FFF0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
libc = ctypes.CDLL(None, use_errno=True)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(text)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 == libc.prctl(22, 2, filter)
assert libc.syscall(GETPPID) == -1 and ctypes.get_errno() == 38"""
        number = {"x86_64": 110, "aarch64": 173}[os.uname().machine]
        python(engine, folder, code.replace("GETPPID", str(number)))

    def test_an_address_that_the_program_gave_no_room_for(self, engine: str, folder: Path) -> None:
        code = """
import ctypes, socket
server = socket.socket(socket.AF_UNIX)
server.bind("s"), server.listen()
client = socket.socket(socket.AF_UNIX)
client.bind("a-name-that-is-longer-than-that"), client.connect("s")
room = ctypes.create_string_buffer(b"S" * 200)
length = ctypes.c_uint(8)
assert ctypes.CDLL(None).accept(server.fileno(), room, ctypes.byref(length)) >= 0"""
        lines = python(engine, folder, code).lines()
        assert not any(line.startswith("ACCEPT") and "S" in line for line in lines)

    def test_a_parent_that_ignores_its_children(self, engine: str, folder: Path) -> None:
        script = "trap '' CHLD; exec \"$@\""
        argv = [*harness.ENGINES[engine], folder / "o", "--", "sh", "-c", "exit 9"]
        done = subprocess.run(["bash", "-c", script, "-", *argv], check=False)
        assert done.returncode == 9


class TestSecondGeneration:
    """Paths whose parts have changed what they are since they were first looked up."""

    def lines(self, engine: str, folder: Path, code: str) -> set[str]:
        for name in ("a", "b"):
            (folder / name).mkdir()
            (folder / name / "f").touch()
        return {line.replace(f"{folder}/", "") for line in python(engine, folder, code).lines()}

    def test_a_link_that_leads_elsewhere(self, native: str, folder: Path) -> None:
        code = """
for name in "ab":
    os.symlink(name, "l"), open("l/f"), os.remove("l")"""
        lines = self.lines(native, folder, code)
        assert {"SYMLINK l a", "READ a/f", "SYMLINK l b", "READ b/f"} <= lines

    def test_a_folder_where_there_was_a_link(self, native: str, folder: Path) -> None:
        code = "os.symlink('a', 'l'), open('l/f'), os.remove('l'), os.rename('b', 'l'), open('l/f')"
        assert {"READ a/f", "RENAME b l", "READ l/f"} <= self.lines(native, folder, code)

    def test_a_link_where_there_was_a_folder(self, native: str, folder: Path) -> None:
        code = "open('a/f'), os.rename('a', 'c'), os.symlink('b', 'a'), open('a/f'), open('c/f')"
        lines = self.lines(native, folder, code)
        assert {"READ a/f", "RENAME a c", "SYMLINK a b", "READ b/f", "READ c/f"} <= lines

    def test_exchanged_folder_and_link(self, native: str, folder: Path) -> None:
        code = """
import ctypes
os.symlink("b", "l"), open("l/f"), open("a/f")
assert ctypes.CDLL(None).renameat2(-100, b"a", -100, b"l", 2) == 0
open("l/f"), open("a/f")"""
        lines = self.lines(native, folder, code)
        assert {"EXCHANGE a l", "READ a/f", "READ b/f", "READ l/f", "SYMLINK a b"} <= lines


class TestOddPlaces:
    def test_own_descriptors(self, engine: str, folder: Path) -> None:
        (folder / "f").touch()
        (folder / "g").touch()
        script = "exec 3<f; cat /dev/fd/3; cat /proc/self/fd/3; cat /dev/stdin <g"
        run = shell(engine, folder, script)
        assert used(run, folder / "f", Mode.READ) == 3
        assert used(run, folder / "g", Mode.READ) >= 1

    def test_things_without_a_path(self, engine: str, folder: Path) -> None:
        """Pipes and removed files, opened again through /proc."""
        script = "echo x >/dev/stdout; exec 3>f; rm f; echo x >/proc/self/fd/3; cat <(echo y)"
        run = shell(engine, folder, script)
        names = {name for name, _ in run.uses() if not name.startswith(b"/proc/")}
        assert [name for name in names if b"(deleted)" in name or b"pipe:" in name] == []

    def test_a_removed_working_folder(self, engine: str, folder: Path) -> None:
        (folder / "f").write_text("text")
        (folder / "d").mkdir()
        run = shell(engine, folder, "cd d; rmdir ../d; cat ../f; cat g; echo >h; true")
        assert run.stdout == b"text"
        assert f"READ {folder}/f" in run.lines()
        assert [name for name, _ in run.uses() if b"deleted" in name] == []

    def test_a_folder_that_only_looks_removed(self, engine: str, folder: Path) -> None:
        run = shell(engine, folder, "mkdir 'd (deleted)'; cd 'd (deleted)'; echo >f; cat ../d*/f")
        assert f"WRITE: {folder}/d (deleted)/f" in run.lines()
        assert f"STAT:DIRECTORY|EXISTED {folder}/d (deleted)" in run.lines()

    def test_the_root_folder(self, engine: str, folder: Path) -> None:
        lines = shell(engine, folder, "cd /; ls / /.. /../../ . .. >/dev/null; stat //").lines()
        assert {"READ:DIRECTORY|EXISTED /", "WDIR:DIRECTORY|EXISTED /"} <= lines
        assert not any("//" in line for line in lines)

    def test_bad_pointers(self, engine: str, folder: Path) -> None:
        code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for number in range(400):
    if number not in (13, 14, 15, 34, 56, 57, 58, 60, 61, 62, 130, 200, 231, 234, 247, 435):
        libc.syscall(number, *[ctypes.c_long(value) for value in (-100, 1, -1, 8, 1, 1)])
        break
for call in (2, 4, 6, 21, 59, 76, 80, 82, 83, 84, 85, 86, 87, 88, 89, 90):
    for pointer in (0, 1, -1, -4096, 2**47 - 1, 2**63):
        libc.syscall(call, *[ctypes.c_ulong(pointer % 2**64)] * 4)
for call in (257, 258, 262, 263, 264, 265, 266, 267, 268, 269, 316, 322, 332, 437, 439):
    for pointer in (0, 1, -1, -4096, 2**47 - 1, 2**63):
        libc.syscall(call, -100, *[ctypes.c_ulong(pointer % 2**64)] * 4)
for call in (42, 43, 49, 288):
    for pointer in (0, 1, -1, 2**63):
        for size in (0, 1, 2, 110, 10**9, -1):
            libc.syscall(call, 0, ctypes.c_ulong(pointer % 2**64), ctypes.c_long(size))
print("done")"""
        assert python(engine, folder, code).stdout == b"done\n"

    def test_the_longest_names(self, engine: str, folder: Path) -> None:
        code = """
name = "d" * 255
for _ in range(10): os.mkdir(name), os.chdir(name)
open("f", "w")
for path in ("x" * 256, "x" * 4095, "x" * 4096, "x/" * 2047, "./" * 2047 + "f", "../" * 1365):
    try: os.stat(path)
    except OSError: pass"""
        run = python(engine, folder, code)
        deep = bytes(folder.joinpath(*["d" * 255] * 10, "f"))
        assert (deep, Mode.WRITE) in run.uses()
        assert (deep, Mode.STAT) in run.uses()


class TestDeepFolders:
    """Whose paths no system call takes at once."""

    NAMES = (*("d" * 250 for _ in range(20)), "last")

    def lines(self, engine: str, folder: Path, code: str) -> set[str]:
        """Return what was recorded in such a folder; `@` is its path, `^` is its parent's."""
        start = f"for name in {self.NAMES!r}: os.mkdir(name), os.chdir(name)\n"
        try:
            run = python(engine, folder, start + code)
        finally:
            subprocess.run(["rm", "-rf", folder / self.NAMES[0]], check=True)
        deep = str(folder.joinpath(*self.NAMES[:-1]))
        lines = {line.replace(f"{deep}/last", "@").replace(deep, "^") for line in run.lines()}
        assert "WRITE:DIRECTORY @" in lines
        assert not any(line.startswith("WARNING") for line in lines)
        return lines

    def test_files(self, engine: str, folder: Path) -> None:
        code = """
open("a", "w").close(), open("./a").close(), os.stat("a"), os.path.exists("missing")
os.rename("a", "b"), os.symlink("b", "l"), open("l").close(), os.link("b", "c"), os.unlink("c")
os.listdir(), os.mkdir("sub"), open("sub/../../up", "w").close(), os.rmdir("sub")"""
        assert {
            "WRITE: @/a",
            "READ:EXISTED @/a",
            "STAT:EXISTED @/a",
            "ABSENT @/missing",
            "RENAME @/a @/b",
            "SYMLINK @/l b",
            "READ:EXISTED @/b",
            "HARDLINK @/b @/c",
            "REMOVE @/c",
            "LISTING @ fb ll",
            "READ:DIRECTORY|EXISTED @",
            "STAT:DIRECTORY|EXISTED @/sub",
            "STAT:DIRECTORY|EXISTED @",
            "WRITE: ^/up",
            "RMDIR @/sub",
        } - self.lines(engine, folder, code) == set()

    def test_descriptors(self, engine: str, folder: Path) -> None:
        code = """
here = os.open(".", os.O_PATH)
os.chdir("/"), os.stat("file", dir_fd=here) if os.fchdir(here) else open("one", "w")
os.chdir("/"), os.close(os.open("two", os.O_CREAT | os.O_WRONLY, dir_fd=here))"""
        lines = self.lines(engine, folder, code)
        assert {"WRITE: @/one", "WRITE: @/two", "WDIR:DIRECTORY|EXISTED @"} <= lines

    def test_programs(self, engine: str, folder: Path) -> None:
        code = """
import shutil
shutil.copy("/bin/true", "program")
assert os.spawnv(os.P_WAIT, "./program", ["program"]) == 0
assert os.spawnv(os.P_WAIT, "/bin/sh", ["sh", "-c", "echo >made"]) == 0"""
        lines = self.lines(engine, folder, code)
        assert {"EXEC @/./program", "READ:EXISTED @/program", "WRITE: @/made"} <= lines

    def test_folders_that_change_their_names(self, engine: str, folder: Path) -> None:
        code = """
open("f", "w"), os.rename("../last", "../moved"), open("g", "w")
os.rename("../moved", "../last"), open("h", "w"), os.rename("h", "i")"""
        lines = self.lines(engine, folder, code)
        assert {"RENAME @ ^/moved", "WRITE: ^/moved/g", "RENAME ^/moved @"} <= lines
        assert {"WRITE: @/f", "WRITE: @/h", "RENAME @/h @/i"} <= lines

    def test_a_removed_folder(self, engine: str, folder: Path) -> None:
        code = "os.rmdir('../last')\ntry: open('f')\nexcept OSError: pass"
        assert "RMDIR @" in self.lines(engine, folder, code)

    def test_an_input(self, engine: str, folder: Path) -> None:
        """It is kept as it was before the run."""
        deep = folder.joinpath(*self.NAMES[:15])
        deep.mkdir(parents=True)
        code = f"""
os.chdir({str(deep)!r})
for name in {self.NAMES[15:]!r}: os.mkdir(name), os.chdir(name)
open("f", "w").close(), open("f", "a").close()"""
        kept = folder.with_name("kept")
        kept.mkdir()
        script = f"import os\n{code}"
        subprocess.run([sys.executable, "-c", script], check=True)
        again = script.replace("os.mkdir(name), ", "").replace('open("f", "w").close(), ', "")
        argv = [sys.executable, "-I", "-S", "-c", again]
        try:
            run = traced(engine, folder, *argv, options=["-s", kept])
        finally:
            subprocess.run(["rm", "-rf", folder / self.NAMES[0]], check=True)
        path = folder.joinpath(*self.NAMES, "f")
        assert f"SNAPSHOT CONTENT {path}" in run.lines()
        assert len(list(kept.iterdir())) == 1


class TestProcesses:
    def test_ten_threads(self, engine: str, folder: Path) -> None:
        code = """
import threading
go = threading.Barrier(10)
def work(n):
    go.wait()
    for i in range(50): open(f"{n}-{i}", "w").close()
threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
[t.start() for t in threads], [t.join() for t in threads]"""
        run = python(engine, folder, code)
        written = {name for name, mode in run.uses() if mode == Mode.WRITE}
        assert {bytes(folder / f"{n}-{i}") for n in range(10) for i in range(50)} <= written
        processes = [r for r in run.records if isinstance(r, records.Process)]
        assert [process.flags for process in processes] == [0] + [1] * 10

    def test_a_tree_of_processes(self, engine: str, folder: Path) -> None:
        run = shell(
            engine, folder, "for i in 1 2 3; do (echo >$i; (echo >$i-$i; :); :) & done; wait"
        )
        started = {r.process: r.parent for r in run.records if isinstance(r, records.Process)}
        assert len(started) == 7
        assert sum(parent == 1 for parent in started.values()) == 3
        for name in ("1", "1-1", "3-3"):
            assert f"WRITE: {folder}/{name}" in run.lines()

    def test_statuses(self, engine: str, folder: Path) -> None:
        run = shell(engine, folder, "(exit 3); (exit 255); sh -c 'kill -9 $$'; true")
        ended = [r.status for r in run.records if isinstance(r, records.Exit)]
        assert sorted(ended) == [0, 3, 255, 0x100 + 9]

    def test_processes_killed_while_they_start_others(self, engine: str, folder: Path) -> None:
        """Their children must not wait for a parent that can't tell of them any more."""
        code = """
import time
for i in range(30):
    pid = os.fork()
    if pid == 0:
        while True:
            if os.fork() == 0: os._exit(0)
    time.sleep(0.002 + 0.0003 * (i % 7)), os.kill(pid, 9), os.waitpid(pid, 0)"""
        run = python(engine, folder, code)
        assert isinstance(run.records[-1], records.End)

    def test_threads_killed_by_an_exec(self, engine: str, folder: Path) -> None:
        code = """
import threading
def work():
    while True:
        try: open("f").close()
        except OSError: pass
for _ in range(20):
    if os.fork() == 0:
        for _ in range(4): threading.Thread(target=work, daemon=True).start()
        os.execv("/bin/true", ["true"])
    assert os.wait()[1] == 0"""
        run = python(engine, folder, code)
        assert len([r for r in run.records if isinstance(r, records.Exec)]) == 21

    def test_a_killed_command(self, engine: str, folder: Path) -> None:
        run = traced(engine, folder, "sh", "-c", "echo >f; kill -9 $$")
        assert run.status == 128 + signal.SIGKILL
        assert f"WRITE: {folder}/f" in run.lines()
        assert isinstance(run.records[-1], records.End)

    def test_a_child_stopped_and_continued(self, engine: str, folder: Path) -> None:
        code = """
seen, tell = os.pipe()
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os.read(seen, 1)
    open("f", "w"), os._exit(5)
assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
os.kill(pid, signal.SIGCONT)
assert os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1])
os.write(tell, b"x")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5"""
        assert f"WRITE: {folder}/f" in python(engine, folder, code).lines()

    def test_a_program_that_traces(self, engine: str, folder: Path) -> None:
        """It is told no, and goes on."""
        code = """
import ctypes
assert ctypes.CDLL(None).ptrace(0, 0, None, None) == -1
open("f", "w")"""
        assert f"WRITE: {folder}/f" in python(engine, folder, code).lines()


class TestStream:
    def test_a_killed_tracer_leaves_all_that_was_seen(self, engine: str, folder: Path) -> None:
        output = folder / "records"
        script = 'for i in $(seq 300); do : >"f$i"; done; echo $$; exec sleep 60'
        argv = [*harness.ENGINES[engine], output, "--", "bash", "-c", script]
        with subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE) as tracer:
            assert tracer.stdout is not None
            command = int(tracer.stdout.readline())
            tracer.kill()
        stream = list(read_records(output))
        names = {r.name for r in stream if isinstance(r, records.PathName)}
        assert {bytes(folder) + b"/f%d" % i for i in range(1, 301)} <= names
        assert not any(isinstance(record, records.End) for record in stream)
        for _ in range(200):
            if has_ended(command):
                return
            time.sleep(0.02)
        pytest.fail("the command outlived its tracer")

    def test_a_stream_of_many_windows(self, engine: str, folder: Path) -> None:
        """The file is mapped a MiB at a time."""
        code = "for i in range(9500): os.symlink('x' * 250, f'{i:05}' + 'l' * 150)"
        run = python(engine, folder, code)
        links = {name for name, mode in run.uses() if mode == Mode.WRITE | Mode.LINK}
        assert links == {bytes(folder) + b"/%05d" % i + b"l" * 150 for i in range(9500)}
        assert folder.with_name("run.records").stat().st_size > 2 << 20

    def test_a_record_larger_than_a_window(self, engine: str, folder: Path) -> None:
        words = [b"x" * 120_000] * 14
        run = traced(engine, folder, "/bin/true", *words)
        (execution,) = (r for r in run.records if isinstance(r, records.Exec))
        assert execution.argv[1:] == tuple(words)

    @pytest.mark.skipif(os.geteuid() != 0, reason="a small file system needs root")
    @pytest.mark.parametrize(("size", "status"), [("4k", 125), ("1100k", 0)])
    def test_a_full_disk(self, native: str, folder: Path, size: str, status: int) -> None:
        """The command isn't started, or goes on untraced; it never dies of it."""
        code = "import os\nfor i in range(5000): os.symlink('x', f'{i:05}' + 'l' * 150)\nprint(i)"
        command = [sys.executable, "-I", "-S", "-c", code]
        disk = folder / "disk"
        disk.mkdir()
        script = f'mount -t tmpfs -o size={size} none {disk} && "$@"; echo $?; ls {disk}'
        argv = [*harness.ENGINES[native], disk / "records", "--", *command]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", *map(str, argv)],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        assert done.stderr.startswith(b"rpz: ")
        assert done.stderr.count(b"\n") == 1
        assert b"No space left on device" in done.stderr
        assert done.stdout == (b"125\n" if status else b"4999\n0\nrecords\n")

    def test_a_size_limit(self, native: str, folder: Path) -> None:
        """RLIMIT_FSIZE sends SIGXFSZ, which would kill the tracer and so the command."""
        argv = [*harness.ENGINES[native], folder / "records", "--", "sh", "-c", "exit 3"]
        script = 'ulimit -f 64; exec "$@"'
        done = subprocess.run(
            ["bash", "-c", script, "bash", *map(str, argv)], capture_output=True, check=False
        )
        assert done.returncode == 125
        assert done.stderr.startswith(b"rpz: ")
        assert not (folder / "records").exists()

    def test_an_output_that_exists_is_kept(self, native: str, folder: Path) -> None:
        folder.with_name("run.records").write_bytes(b"")
        run = traced(native, folder, "touch", "made")
        assert run.status == 125
        assert b"run.records can't be created: File exists." in run.stderr
        assert not (folder / "made").exists()

    @pytest.mark.parametrize(
        "arguments", [[], ["out"], ["out", "--"], ["out", "true"], ["-x", "out", "--", "true"]]
    )
    def test_wrong_usage(self, native: str, folder: Path, arguments: list[str]) -> None:
        argv = [*harness.ENGINES[native], *arguments]
        done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 125
        assert b"usage: rpz-tracer" in done.stderr
        assert list(folder.iterdir()) == []

    def test_an_environment_that_cannot_be_read(self, native: str, folder: Path) -> None:
        argv = [*harness.ENGINES[native], "-e", "missing", "out", "--", "true"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 125
        assert b"missing can't be read" in done.stderr
        assert list(folder.iterdir()) == []


class TestUnprivileged:
    """As an ordinary user, whose filter needs no_new_privs."""

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
    def test_another_user(self, native_tracer: Path) -> None:
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
            folder = Path(name)
            folder.chmod(0o777)
            tracer = shutil.copy(native_tracer, folder / "tracer")
            argv = [*user, tracer, "out", "--", "sh", "-c", "cat </etc/passwd >copy; exit 4"]
            done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (4, b"")
            run = Traced(4, b"", b"", list(read_records(folder / "out")))
        assert {"READ /etc/passwd", f"WRITE: {folder}/copy"} <= run.lines()
        check_stream(run.records)
