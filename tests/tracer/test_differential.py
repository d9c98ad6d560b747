"""The two engines see the same: the native tracer against the slow and simple one.

The native tracer is asked both ways: with each look stopped, and with looks seen within the
processes. ``comparing.py`` says what is compared.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tracer import comparing, harness
from tests.tracer.accelerator.ways import WAYS, tracer_with
from tests.tracer.harness import traced

if TYPE_CHECKING:
    from pathlib import Path

SHELL = {
    "read": "cat input; cat < input; head -c 1 sub/other",
    "write": "echo 1 >new; echo 2 >>new; echo 3 >|input; : >sub/empty; dd if=input of=new2 2>&1",
    "tools": "cp -a sub copy; mv copy moved; rm -rf moved; mkdir -p a/b/c; rmdir -p a/b/c; touch a",
    "links": "cat link dirlink/other dirlink/../input chain; readlink chain; ls -l . sub/",
    "hard links": "ln input hard; ln -s input soft; ln soft hard2; rm hard; cp -l input h",
    "relinked": "cat dirlink/other; rm dirlink; ln -s sub2 dirlink; cat dirlink/other; rm -r sub",
    "missing": "cat missing sub/missing input/x missing/x; rm missing; mkdir input; true",
    "loop": "ln -s loop loop; cat loop loop/x; true",
    "dangling": "ln -s made dangling; echo >dangling; ln -s a/b/c far; echo >far; true",
    "slashes": "cat ./sub//other sub/./other; ls sub/ dirlink/; cat input/; cat sub/../input; true",
    "folders": "cd sub; cat ../input; cd ..; cd dirlink; cd -P ..; (cd sub2 && pwd)",
    "find": "find . -size +0; find . -type f; find -L . -name nothing",
    "grep": "grep -r text . ; grep -rl text sub; true",
    "tar": "tar cf all.tar input sub; mkdir out; tar xf all.tar -C out; tar tf all.tar",
    "stat": "stat input sub link; test -e input; test -L link; test -r sub; test -x missing; true",
    "metadata": "chmod 600 input; touch -d 2020-01-01 link; chmod -R a+r sub; chown -h 0 link",
    "descriptors": "exec 3<link; cat /dev/fd/3 /proc/self/fd/3 /dev/stdin <input; :>/dev/stdout",
    "pipes": "cat input | sort | uniq -c >counts; cat <(echo x) 2>&1; true",
    "fifo": "mkfifo fifo; cat fifo & echo x >fifo; wait",
    "scripts": "./script one; ./chained; sh script; . ./script; env -i ./script",
    "odd names": "touch \"$(printf 'a\\nb')\" \"$(printf '\\377')\" ' ' '*'; rm -- * 2>&1; true",
    "rename over": "echo 1 >x; echo 2 >y; mv x y; mv -n y input; mv sub sub3; cat sub3/other",
    "truncate": "truncate -s 0 input; truncate -s 10 sub/other",
    "temporary": "t=tmp.fixed; sort -o $t input; mv $t sorted; install -m 644 input i; ln -sfn i l",
    "background": "(sleep 0.1; cat input) & cat sub/other; wait",
    "killed": "sh -c 'cat input; kill -9 $$; cat sub/other'; true",
    "not permitted": "chmod 0 input; cat input; chmod 0 sub2; ls sub2; cd sub2; chmod 755 sub2",
    "absolute": "cat $PWD/input $PWD/../$(basename $PWD)/input /../etc/hostname /etc/passwd",
}
PYTHON = {
    "dirfd": """
        sub = os.open("sub", os.O_RDONLY)
        os.stat("other", dir_fd=sub), os.open("other", os.O_RDWR, dir_fd=sub)
        os.mkdir("made", dir_fd=sub), os.rename("other", "moved", src_dir_fd=sub)
        os.symlink("x", "y", dir_fd=sub), os.readlink("y", dir_fd=sub)
        os.unlink("y", dir_fd=sub), os.rmdir("made", dir_fd=sub)
        os.link("../moved", "again", src_dir_fd=sub, dst_dir_fd=sub)
        os.fchdir(sub), open("../input"), os.stat(sub), os.listdir(sub)
        """,
    "exclusive": """
        open("x", "x")
        for name in ("input", "link", "sub"):
            try: open(name, "x")
            except OSError: pass
        """,
    "temporary": """
        os.open(".", os.O_TMPFILE | os.O_RDWR)
        os.open("link", os.O_PATH | os.O_NOFOLLOW), os.open("link", os.O_PATH)
        try: os.open("link", os.O_NOFOLLOW)
        except OSError: pass
        try: os.open("input", os.O_DIRECTORY)
        except OSError: pass
        """,
    "threads": """
        import threading
        work = lambda n: (open(f"t{n}", "w"), os.stat("input"), os.rename(f"t{n}", f"u{n}"))
        threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
        [t.start() for t in threads], [t.join() for t in threads]
        """,
    "exec": """
        for program in ("./script", "./missing", "./input", "sub", "/bin/true"):
            if os.fork() == 0:
                try: os.execve(program, [program, "x"], {"A": "1"})
                except OSError: os._exit(0)
            os.wait()
        if os.fork() == 0: os.execve(os.open("/bin/true", os.O_RDONLY), ["true"], {})
        os.wait()
        """,
    "sockets": """
        import socket
        server = socket.socket(socket.AF_UNIX)
        server.bind("sub/socket"), server.listen()
        socket.socket(socket.AF_UNIX).connect("dirlink/socket")
        try: socket.socket(socket.AF_UNIX).connect("missing")
        except OSError: pass
        """,
    "attributes": """
        for follow in (True, False):
            for call in (os.listxattr, lambda n, **k: os.getxattr(n, "user.x", **k)):
                try: call("link", follow_symlinks=follow)
                except OSError: pass
        os.statvfs("sub"), os.access("link", os.R_OK), os.utime("input"), os.chown("link", -1, -1)
        """,
    "open files": """
        for change in (lambda fd: os.fchmod(fd, 0o600), lambda fd: os.fchown(fd, 0, 0),
            os.utime, lambda fd: os.setxattr(fd, "user.x", b"1"), lambda fd: os.ftruncate(fd, 1)):
            for name, flags in (("input", os.O_RDONLY), ("sub/other", os.O_RDWR)):
                try: change(os.open(name, flags))
                except OSError: pass
        """,
    "same file": """
        os.link("input", "hard"), os.rename("input", "hard"), os.rename("hard", "hard")
        os.rename("link", "link"), open("input"), open("hard", "a")
        """,
    "long paths": """
        for n in range(12): os.mkdir("d" * 200), os.chdir("d" * 200)
        open("deep", "w"), open("../../deep", "w")
        """,
    "longer paths": """
        for n in range(25): os.mkdir("d" * 200), os.chdir("d" * 200)
        open("deep", "w"), open("../../deep", "w"), os.listdir(), os.symlink("deep", "l"), open("l")
        os.rename("deep", "moved"), os.rename("../" + "d" * 200, "../e"), open("moved")
        """,
}  # fmt: skip


@pytest.fixture
def both_ways(native_tracer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for way in WAYS:
        monkeypatch.setitem(harness.ENGINES, way, tracer_with(way, native_tracer))


def python_command(name: str) -> list[str]:
    """Return what runs a script of :data:`PYTHON`, without packages of the tests' own."""
    code = "\n".join(["import os", *(line[8:] for line in PYTHON[name].splitlines())])
    return [sys.executable, "-I", "-S", "-B", "-c", code]


def prepare(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    (folder / "sub2").mkdir()
    for name in ("input", "sub/other", "sub2/other"):
        (folder / name).write_text("some text\n")
    for name, target in {
        "link": "input",
        "dirlink": "sub",
        "chain": "link2",
        "link2": str(folder / "link"),
        "absolute": str(folder / "sub"),
    }.items():
        (folder / name).symlink_to(target)
    for name, interpreter in {"script": "/bin/sh -e", "chained": "./script"}.items():
        (folder / name).write_text(f"#!{interpreter}\n: $1\n")
        (folder / name).chmod(0o755)


def seen(engine: str, folder: Path, command: list[str]) -> tuple[int, set[str]]:
    shutil.rmtree(folder, ignore_errors=True)
    prepare(folder)
    kept = folder.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    run = traced(engine, folder, *command, env=environment, options=["-s", kept])
    folder.with_name(folder.name + ".records").unlink()
    harness.check_stream(run.records)
    return run.status, comparing.lines(run)


def assert_same(folder: Path, command: list[str]) -> None:
    expected, expected_lines = seen("python", folder, command)
    for way in WAYS:
        status, lines = seen(way, folder, command)
        assert sorted(expected_lines - lines) == [], way
        more = {line for line in lines - expected_lines if not comparing.is_crossing(line)}
        assert sorted(more) == [], way
        assert status == expected, way


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", SHELL)
def test_shell(name: str, tmp_path: Path) -> None:
    assert_same(tmp_path / "run", ["bash", "-c", SHELL[name]])


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("name", PYTHON)
def test_calls(name: str, tmp_path: Path) -> None:
    assert_same(tmp_path / "run", python_command(name))


def test_the_calls_are_made() -> None:
    """The scripts above ignore failures: they must not be the syntax's."""
    for code in PYTHON.values():
        compile("\n".join(line[8:] for line in code.splitlines()), "<test>", "exec")
