"""What only the chroot unpacker promises: the host is out of reach, root isn't needed."""

from __future__ import annotations

import ctypes
import os
import pty
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from rpz.errors import OWN_FAILURE
from rpz.packer.archive.reader import Pack
from rpz.unpackers import chroot, namespaces, program, target
from rpz.unpackers.errors import StartError, TargetError
from rpz.unpackers.job import as_traced
from tests.conftest import require
from tests.unpackers import packs
from tests.unpackers.test_contract import mounts

assert psutil  # imported before a test gives up the right to read it

NOBODY = 65534
PR_SET_DUMPABLE = 4
SLEEP = [("sleep",)]


def test_removal_during_a_run(rpz, state):
    """``rm -rf`` of the target can't reach the host's devices."""
    before = sorted(Path("/dev").iterdir())
    folder = state(*SLEEP).folder
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    subprocess.run(["rm", "-rf", folder], check=True)
    process.terminate()
    process.communicate(timeout=10)
    assert not folder.exists()
    assert sorted(Path("/dev").iterdir()) == before
    assert Path("/dev/null").is_char_device()


def test_kill_during_a_run(rpz, state):
    """Nothing stays mounted and the program doesn't outlive rpz, even when it is killed."""
    state(*SLEEP)
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate(timeout=10)  # its streams end when the program has gone, too
    assert not is_running(child)
    assert not mounts(rpz.folder)


def is_running(pid):
    """Whether a process is more than an entry that init hasn't reaped yet."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state == "Z":
            return False
        time.sleep(0.01)
    return True


def test_terminal(rpz, state):
    """The program has the terminal of rpz: what is typed reaches it, an interrupt ends it."""
    state(("sleep",))
    terminal, ours = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *rpz.argv("run", "demo")],
        cwd=rpz.folder,
        env=rpz.environment,
        stdin=ours,
        stdout=ours,
        stderr=ours,
    )
    os.close(ours)
    assert os.read(terminal, 100) == b"ready\r\n"
    os.write(terminal, b"\x03")
    assert process.wait(timeout=10) == 128 + signal.SIGINT
    os.close(terminal)


def test_own_mounts(state):
    """The program sees nothing of the host but what is made for it."""
    made = state(("exists", "/etc"))
    assert chroot.run(made, as_traced(made, 0)) == 1


@pytest.mark.parametrize("name", ["proc", "dev", "sys"])
def test_mount_point_that_is_a_link(rpz, probe, name):
    members = [
        *packs.experiment(probe),
        packs.member(f"DATA/{name}", b"2", linkname="/etc"),
    ]
    config = packs.config(("status", "0"))
    packs.write_pack(rpz.folder / "exp.rpz", config, packs.data_tar(members))
    result = rpz("unpack", "chroot", "exp.rpz", "demo")
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert not (rpz.folder / "demo").exists()


def test_missing_working_folder(rpz, state):
    made = state(("status", "0"))
    shutil.rmtree(made.folder / "root" / "work")
    result = rpz("run", "demo")
    assert result.returncode == OWN_FAILURE
    assert b"working folder" in result.stderr


def test_missing_root(rpz, state):
    shutil.rmtree(state(("status", "0")).folder / "root")
    assert rpz("run", "demo").returncode == OWN_FAILURE


def test_forbidden_namespaces(state, monkeypatch):
    def forbidden(_flags):
        raise PermissionError(1, "Operation not permitted")

    made = state(("status", "0"))
    monkeypatch.setattr(namespaces, "unshare", forbidden)
    with pytest.raises(StartError, match="rpz unpack docker") as raised:
        chroot.run(made, as_traced(made, 0))
    assert raised.value.exit_code == OWN_FAILURE


def test_ignored_signals_are_not_inherited(state):
    """Python ignores SIGPIPE, which would make every pipeline of an experiment behave oddly."""
    made = state(("signal", str(int(signal.SIGPIPE))))
    assert chroot.run(made, as_traced(made, 0)) == 128 + signal.SIGPIPE


@pytest.mark.parametrize("uid", [0, packs.UID])
def test_without_root(probe, uid):
    """An ordinary user unpacks and runs; inside, the user is the experiment's."""
    require(os.geteuid() == 0, "not root, who can become an ordinary user for the test")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    config = packs.config(("copy", "data.csv", "out.csv"), ("dump",))
    pack = packs.write_pack(folder / "exp.rpz", config, packs.data_tar(packs.experiment(probe)))
    with Pack.open(pack) as opened:
        assert opened.config == config  # what is imported for it is out of the user's reach
        pid = os.fork()
        if pid == 0:
            as_nobody(lambda: _unpack_and_run(opened, folder, uid))
        _, status = os.waitpid(pid, 0)
    out = folder / "out.txt"
    words = out.read_bytes().split(b"\0") if out.exists() else []
    shutil.rmtree(folder)
    assert os.waitstatus_to_exitcode(status) == 0
    assert words[0].startswith(b"%d " % uid)


def as_nobody(action):
    status = 1
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)  # as after exec: else /proc/self is root's
        status = action()
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(status)


def _unpack_and_run(pack, folder, uid):
    made = chroot.unpack(pack, folder / "demo", {})
    made = replace(made, runs=tuple(replace(run, uid=uid, gid=uid) for run in made.runs))
    first = chroot.run(made, as_traced(made, 0))
    out = os.open(folder / "out.txt", os.O_WRONLY | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    second = chroot.run(made, as_traced(made, 1))
    chroot.destroy(made)
    return first or second or int((folder / "demo").exists())


def test_destroy_refuses_other_folders(rpz):
    (rpz.folder / "demo").mkdir()
    (rpz.folder / "demo" / "precious").touch()
    result = rpz("destroy", "demo")
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert (rpz.folder / "demo" / "precious").exists()


def test_destroy_follows_no_links(state, tmp_path):
    made = state(("status", "0"))
    (tmp_path / "precious").mkdir()
    (made.folder / "root" / "link").symlink_to(tmp_path / "precious")
    (made.folder / "root" / "deep").mkdir()
    place = made.folder / "root" / "deep"
    for _ in range(300):
        place /= "d"
        place.mkdir()
    chroot.destroy(made)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["precious"]


def test_destroy_refuses_mounts(state, tmp_path):
    require(os.geteuid() == 0, "not root, who can mount something for the test")
    made = state(("status", "0"))
    place = made.folder / "root" / "tmp"
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    subprocess.run(["mount", "--bind", tmp_path / "precious", place], check=True)
    try:
        with pytest.raises(TargetError, match="is mounted"):
            chroot.destroy(made)
    finally:
        subprocess.run(["umount", place], check=True)
    assert (tmp_path / "precious" / "file").exists()
    assert target.read(made.folder) == made


def test_arguments_of_any_kind(state):
    """An empty argv[0] is unusual and possible."""
    made = state(("status", "0"))
    run = made.runs[0]
    object.__setattr__(run, "argv", ("", "status", "0"))
    child = program.start(run, made.folder / "root")
    assert child.wait() == 0


@pytest.mark.usefixtures("native_tracer", "chroot_allowed")
def test_all_outputs_that_are_there_are_taken(rpz):
    for words in (
        ("trace", "-q", "sh", "-c", "echo a >a.csv; echo b >b.csv"),
        ("pack", "-q", "exp.rpz"),
        ("unpack", "chroot", "exp.rpz", "demo"),
        ("run", "demo"),
    ):
        assert rpz(*words).returncode == 0
    (rpz.folder / "demo" / "root" / str(rpz.folder)[1:] / "a.csv").unlink()
    (rpz.folder / "b.csv").unlink()
    done = rpz("download", "demo", "--all")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"a.csv" in done.stderr
    assert (rpz.folder / "b.csv").read_bytes() == b"b\n"
