"""A real virtual machine: one, which all of these tests share, in the order in which they stand."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import SOURCE, Rpz, require, rpz_in
from tests.unpackers import packs

BOX = "RPZ_VAGRANT_BOX"
"""The variable that names the box (tests/machines/vagrant-box makes it)."""
PATIENCE = 1500
"""Seconds: the machine is emulated, and shares the processors with other tests."""
RUNS = {
    "dump": ("dump",),
    "status": ("status", "3"),
    "255": ("status", "255"),
    "signal": ("signal", str(int(signal.SIGSEGV))),
    "cat": ("cat",),
    "stderr": ("stderr", "oops"),
    "zeros": ("zeros", "1000000000000"),
    "sleep": ("sleep",),
    "copy": ("copy", "data.csv", "out.csv"),
    "system": ("exists", "/proc/self", "/dev/null", "/dev/pts", "/dev/shm", "/sys/kernel", "/tmp"),
    "network": ("copy", "/proc/net/dev", "out.csv"),
}
NUMBER = {name: str(number) for number, name in enumerate(RUNS)}


@dataclass(frozen=True)
class Place:
    """A network namespace with a libvirt of its own, and Vagrant's home."""

    namespace: str
    home: Path

    def argv(self, *words):
        return ["ip", "netns", "exec", self.namespace, *words]

    def environment(self):
        return {**os.environ, "VAGRANT_HOME": os.fspath(self.home)}

    def output_of(self, *words):
        argv = self.argv(*words)
        done = subprocess.run(
            argv, capture_output=True, check=False, env=self.environment(), timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def machines(self):
        return self.output_of("virsh", "-q", "list", "--all", "--name").split()


@pytest.fixture(scope="module")
def place():
    box = os.environ.get(BOX)
    require(os.geteuid() == 0, "not root, who can start a libvirt")
    require(bool(box), f"no box for a virtual machine: tests/machines/vagrant-box, {BOX}")
    for program in ("vagrant", "virsh", "libvirtd", "qemu-system-x86_64"):
        require(program, f"no {program} (see .ci/run)")
    require(not libvirt_answers(), "another libvirt is running")
    home = Path(tempfile.mkdtemp(prefix="rpz-vagrant-"))  # where the emulator's user can enter
    home.chmod(0o755)
    found = Place(f"rpz-{os.getpid()}", home)
    subprocess.run(["ip", "netns", "add", found.namespace], check=True)
    libvirt = [sys.executable, os.fspath(SOURCE / "tests" / "machines" / "libvirt")]
    with (home / "libvirt.log").open("wb") as log:
        daemon = subprocess.Popen(
            found.argv(*libvirt), stdin=subprocess.PIPE, stdout=log, stderr=log
        )
    try:
        wait_for(libvirt_answers)
        found.output_of("vagrant", "box", "add", "--name", "rpz-test", box)
        yield found
        for volume in found.output_of("virsh", "-q", "vol-list", "default").split():
            if volume.startswith("rpz-test_"):
                found.output_of("virsh", "vol-delete", "--pool", "default", volume)
    finally:
        daemon.communicate()
        subprocess.run(["ip", "netns", "delete", found.namespace], check=True)
        shutil.rmtree(home)


def libvirt_answers():
    return subprocess.run(["virsh", "list"], check=False, capture_output=True).returncode == 0


def wait_for(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


@dataclass(frozen=True)
class InPlace(Rpz):
    """``rpz`` in the network namespace."""

    place: Place

    def __call__(self, *arguments, stdin=b""):
        return subprocess.run(
            self.place.argv(*self.argv(*arguments)),
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )

    def start(self, *arguments, **options):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            self.place.argv(*self.argv(*arguments)),
            cwd=self.folder,
            env=self.environment,
            **{**pipes, **options},
        )

    def unpack(self, *options):
        words = ("--box", "rpz-test", "--provider", "libvirt", *options)
        return ("unpack", "vagrant", *words, "exp.rpz", "demo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, probe):
    folder = tmp_path_factory.mktemp("vagrant")
    data = packs.data_tar(packs.experiment(probe))
    packs.write_pack(folder / "exp.rpz", packs.config(*RUNS.values()), data)
    return folder


@pytest.fixture(scope="module")
def outside(place, folder):
    """``rpz`` beside the pack, before there is a target."""
    environment = {**rpz_in(folder).environment, **place.environment()}
    environment["PYTHONPATH"] = rpz_in(folder).environment["PYTHONPATH"]
    return InPlace(folder, environment, place)


@pytest.fixture(scope="module")
def vm(outside):
    """``rpz`` beside the target ``demo``, whose machine runs."""
    unpacked = outside(*outside.unpack("--memory", "512", "--cpus", "1"))
    assert unpacked.returncode == 0, unpacked.stderr
    yield outside
    if (outside.folder / "demo").exists():
        destroyed = outside("destroy", "demo")
        assert destroyed.returncode == 0, destroyed.stderr
    assert outside.place.machines() == []


def run(vm, name, **options):
    return vm("run", "-q", "demo", NUMBER[name], **options)


def inside(vm, command):
    """What the machine itself says, beside rpz."""
    config = (vm.folder / "demo" / "ssh_config").read_text()
    name = config.split()[1]
    argv = vm.place.argv("ssh", "-F", "demo/ssh_config", "-o", "LogLevel=ERROR", name, command)
    done = subprocess.run(argv, cwd=vm.folder, capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_provider_that_is_not_there(outside):
    words = ("unpack", "vagrant", "--box", "rpz-test", "--provider", "nebula", "exp.rpz", "demo")
    result = outside(*words)
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 2), result.stderr
    assert b"Vagrant has no provider nebula" in result.stderr
    assert [path.name for path in outside.folder.iterdir()] == ["exp.rpz"]


def test_an_interrupted_unpack_leaves_nothing(outside):
    process = outside.start(*outside.unpack())
    wait_for(outside.place.machines)
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    assert [path.name for path in outside.folder.iterdir()] == ["exp.rpz"]
    assert outside.place.machines() == []


def test_identity_arguments_and_environment(vm):
    done = run(vm, "dump")
    assert (done.returncode, done.stderr) == (0, b"")
    identity, *words = done.stdout.split(b"\0")[:-1]
    here = packs.FOLDER.encode("utf-8", "surrogateescape")
    assert identity == b"%d %d %s" % (packs.UID, packs.GID, here)
    assert words[:3] == [b"2", b"probe", b"dump"]
    assert sorted(words[3:]) == [b"A=1", b"BYTES=\xfe\n", b"EMPTY=", b"PATH=/nowhere"]


@pytest.mark.parametrize(
    ("name", "status"), [("status", 3), ("255", 255), ("signal", 128 + signal.SIGSEGV)]
)
def test_status(vm, name, status):
    assert run(vm, name).returncode == status


def test_standard_streams(vm):
    content = bytes(range(256)) * 2000
    assert run(vm, "cat", stdin=content).stdout == content
    assert run(vm, "stderr").stderr == b"oops"


def test_a_reader_that_leaves(vm):
    process = vm.start("run", "-q", "demo", NUMBER["zeros"])
    assert process.stdout.read(10) == bytes(10)
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) == 128 + signal.SIGPIPE
    process.stderr.close()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signals(vm, signum):
    process = vm.start("run", "-q", "demo", NUMBER["sleep"])
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signum)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signum


def test_a_run_ends_with_rpz(vm):
    process = vm.start("run", "-q", "demo", NUMBER["sleep"])
    assert process.stdout.readline() == b"ready\n"
    assert inside(vm, "pgrep -x probe")
    process.kill()
    process.communicate(timeout=PATIENCE)
    wait_for(lambda: inside(vm, "pgrep -x probe || echo none") == b"none\n")


def test_a_terminal(vm):
    ours, theirs = pty.openpty()
    argv = vm.argv("run", "-q", "demo", NUMBER["cat"])
    process = subprocess.Popen(
        vm.place.argv("setsid", "--ctty", "--wait", *argv),
        cwd=vm.folder,
        env=vm.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    wait_for(lambda: not termios.tcgetattr(ours)[3] & termios.ICANON)  # ssh lets all keys pass
    said = b""
    with contextlib.suppress(OSError):  # which is the end of a terminal
        while True:
            # What is typed before the program's terminal is there is lost, as it may be.
            os.write(ours, b"typed\n" if said.count(b"typed\r\n") < 2 else b"\x04")
            while select.select([ours], [], [], 2)[0]:
                said += os.read(ours, 1000)
    os.close(ours)
    assert process.wait(timeout=PATIENCE) == 0
    assert b"typed\r\ntyped\r\n" in said  # shown by the machine's terminal, and the program


def test_what_a_run_finds(vm):
    assert run(vm, "system").returncode == 0


def test_there_is_no_network(vm):
    assert run(vm, "network").returncode == 0
    devices = vm("download", "demo", "out.csv:").stdout
    assert [line.split(b":")[0].strip() for line in devices.splitlines()[2:]] == [b"lo"]


def test_upload_run_download(vm):
    (vm.folder / "other.csv").write_bytes(b"x" * 300_000)
    assert vm("upload", "demo", "latest.csv:other.csv").returncode == 0
    assert run(vm, "copy").returncode == 0
    assert vm("download", "demo", "out.csv:").stdout == b"x" * 300_000
    missing = vm("download", "demo", "/nowhere/file:copy")
    assert (missing.returncode, missing.stderr.count(b"\n")) == (1, 1)


def test_nothing_stays_mounted_or_behind(vm):
    assert b"/var/lib/rpz" not in inside(vm, "cat /proc/mounts")
    behind = inside(vm, "sudo ls /var/lib/rpz /var/lib/rpz/root/.rpz/runs").split()
    assert [name for name in behind if name[:1].isdigit()] == []


def test_reset(vm):
    done = vm("reset", "demo")
    assert done.returncode == 0, done.stderr
    assert vm("download", "demo", "data.csv:").stdout == packs.DATA
    said = inside(vm, "sudo stat -c '%a %u %g %y' /var/lib/rpz/root/work/*/data.csv")
    assert said == b"640 1234 2345 2009-02-13 23:31:30.123456789 +0000\n"
    assert vm("download", "demo", "out.csv:").returncode == 1


def test_a_suspended_machine_is_resumed(vm):
    assert vm("suspend", "demo").returncode == 0
    assert "running" not in vm.place.output_of("virsh", "-q", "list", "--all")
    assert run(vm, "status").returncode == 3


def test_destroy(vm):
    assert vm("destroy", "demo").returncode == 0
    assert not (vm.folder / "demo").exists()
    assert vm.place.machines() == []
