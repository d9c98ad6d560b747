"""What isolates a run in a chroot: namespaces, rights, devices; and that nothing is left of it."""

from __future__ import annotations

import os
import pty
import random
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from rpz.packer.archive.reader import Pack
from rpz.unpackers import chroot, sandbox
from rpz.unpackers.job import Job
from rpz.unpackers.withheld import log as logger
from tests.conftest import require
from tests.unpackers import packs
from tests.unpackers.test_chroot import as_nobody
from tests.unpackers.test_contract import mounts

FOLDER = packs.FOLDER.encode("utf-8", "surrogateescape")


def perform(made, *, network=False, **changed):
    return chroot.run(made, Job(0, replace(made.runs[0], **changed), network=network))


def written(made, name=b"out.csv"):
    return Path(os.fsdecode(os.fsencode(made.folder / "root") + FOLDER + b"/" + name))


def test_a_server_and_its_client(state):
    assert perform(state(("loopback",))) == 0


def interfaces(content):
    return [line.split(":")[0].strip() for line in content.splitlines() if ":" in line]


def test_no_network(state):
    made = state(("copy", "/proc/net/dev", "out.csv"))
    assert perform(made) == 0
    assert interfaces(written(made).read_text()) == ["lo"]
    assert perform(made, network=True) == 0
    assert interfaces(written(made).read_text()) == interfaces(Path("/proc/net/dev").read_text())


def test_sys_tells_of_the_own_network(state):
    """The host's interfaces have entries in /sys, too."""
    others = [path for path in Path("/sys/class/net").iterdir() if path.name != "lo"]
    require(others, "this machine has no network interface")
    made = state(("exists", str(others[0])))
    assert perform(made) == 1
    assert perform(made, network=True) == 0


def test_only_its_own_processes(state):
    made = state(("exists", f"/proc/{os.getpid()}/stat"))
    assert perform(made) == 1


def test_hostname(state):
    made = state(("copy", "/proc/sys/kernel/hostname", "out.csv"))
    assert perform(made, hostname="compute-17") == 0
    assert written(made).read_text() == "compute-17\n"


def test_what_is_left_has_the_time_that_it_had_when_traced(state):
    made = state(("leave", "out.csv"))
    assert perform(made) == 0
    assert written(made).read_bytes() == packs.DATA


def test_what_stays_is_ended(rpz, state):
    state(("leave",))
    result = rpz("run", "demo")
    assert (result.returncode, result.stdout) == (0, b"ready\n")
    assert result.stderr == b"rpz: What run0 left running has been ended\n"
    assert not processes_of(rpz.folder)


@pytest.mark.parametrize("uid", [0, packs.UID])
def test_rights(state, uid):
    """Root's programs are root's, of their own files and nothing else."""
    made = state(("copy", "/proc/self/status", "out.csv"))
    assert perform(made, uid=uid, gid=uid) == 0
    lines = dict(line.split(":\t", 1) for line in written(made).read_text().splitlines())
    allowed = int(lines["CapBnd"], 16)
    forbidden = "SYS_ADMIN 21, SYS_PTRACE 19, SYS_MODULE 16, MKNOD 27, DAC_READ_SEARCH 2, BPF 39"
    for number in (int(word.split()[1]) for word in forbidden.split(",")):
        assert not allowed & 1 << number
    assert (int(lines["CapEff"], 16) != 0) == (uid == 0)
    assert int(lines["CapInh"], 16) == 0


@pytest.mark.parametrize("name", ["/proc/sys/vm/swappiness", "/sys/power/pm_async"])
def test_root_changes_nothing_of_the_machine(state, name):
    made = state(("copy", "/dev/null", name))
    assert perform(made, uid=0, gid=0) == 1


def test_devices_are_not_the_hosts(state):
    require(os.geteuid() == 0, "not root, who could change the host's devices")
    before = Path("/dev/null").stat()
    made = state(("chmod", "/dev/null"))
    assert perform(made, uid=0, gid=0) == 0
    assert Path("/dev/null").stat().st_mode == before.st_mode


def processes_of(folder):
    """The processes of rpz, and of the experiment, that were started in a folder or name it."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid()
        and os.fspath(folder) in " ".join(process.info["cmdline"] or ())
        and process.status() != psutil.STATUS_ZOMBIE
    ]


def test_moved_and_removed_during_a_run(rpz, state):
    folder = state(("sleep",)).folder
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    folder.rename(rpz.folder / "moved")
    shutil.rmtree(rpz.folder / "moved")
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert [path.name for path in rpz.folder.iterdir()] == ["exp.rpz"]


def test_killed_at_any_time(rpz, state):
    """Neither processes nor mounts are left of a run whose rpz is killed."""
    token = str(rpz.folder / "token")
    state(("sleep", token))
    chance = random.Random(5)
    for _ in range(6):
        process = rpz.start("run", rpz.folder / "demo", stdin=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.1, 0.6))
        process.kill()
        process.communicate(timeout=60)
        deadline = time.monotonic() + 10
        while (left := processes_of(rpz.folder)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not left
    assert not mounts(rpz.folder)


def test_killed_during_a_run(rpz, state):
    """The same once it runs for certain: its program goes with rpz."""
    state(("sleep", str(rpz.folder / "token")))
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    assert [found.name() for found in processes_of(rpz.folder)] == ["probe"]
    process.kill()
    process.communicate(timeout=60)
    _, left = psutil.wait_procs(processes_of(rpz.folder), timeout=10)
    assert not left


def test_the_terminal_is_given_back(rpz, state):
    """A shell that controls jobs takes it; the next run reads from it again."""
    state(("take-terminal",), ("cat",))
    terminal, ours = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *rpz.argv("run", "demo")],
        cwd=rpz.folder,
        env=rpz.environment,
        stdin=ours,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(ours)
    os.write(terminal, b"typed\n\x04\x04")  # the C library asks twice
    assert process.communicate(timeout=60) == (b"typed\n", b"")
    assert process.returncode == 0
    os.close(terminal)


def refused(*_arguments):
    raise PermissionError(1, "Operation not permitted")


def test_bubblewrap_where_only_it_may(monkeypatch, probe):
    """Ubuntu lets programs that its AppArmor has a profile of make namespaces, and no others."""
    require(os.geteuid() == 0, "not root, who can become an ordinary user for the test")
    require("bwrap", "no bubblewrap (on Debian and Ubuntu: apt-get install bubblewrap)")
    monkeypatch.setattr(sandbox, "_isolate", refused)
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    config = packs.config(("copy", "/proc/net/dev", "out.csv"), ("dump",), ("signal", "11"))
    pack = packs.write_pack(folder / "exp.rpz", config, packs.data_tar(packs.experiment(probe)))
    try:
        with Pack.open(pack) as opened:
            assert opened.config == config
            pid = os.fork()
            if pid == 0:
                as_nobody(lambda: wrapped_runs(opened, folder))
            _, status = os.waitpid(pid, 0)
        said = (folder / "out.txt").read_bytes()
        lines = (folder / "net.txt").read_text()
        told = (folder / "told.txt").read_text()
    finally:
        shutil.rmtree(folder)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGSEGV
    assert said.split(b"\0")[0] == b"%d %d %s" % (packs.UID, packs.GID, FOLDER)
    assert b"\0EMPTY=\0" in said
    assert b"BYTES=\xfe\n\0" in said
    assert interfaces(lines) == ["lo"]
    assert told == "run1 runs without TOKEN"


def wrapped_runs(opened, folder):
    made = chroot.unpack(opened, folder / "demo", {})
    assert chroot.run(made, Job(0, made.runs[0])) == 0
    shutil.copyfile(written(made), folder / "net.txt")
    told = []
    logger.addFilter(lambda record: told.append(record.getMessage().partition(",")[0]))
    needy = replace(made.runs[1], environ={**made.runs[1].environ, "TOKEN": "<redacted>"})
    with (folder / "out.txt").open("wb") as out:
        assert chroot.run(made, Job(1, needy, (0, out.fileno(), 2))) == 0
    (folder / "told.txt").write_text("\n".join(told))
    return chroot.run(made, Job(2, made.runs[2]))
