"""The experiment of these tests."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from rpz.packer.archive.reader import Pack
from rpz.unpackers import chroot
from tests.conftest import SOURCE, require
from tests.unpackers import packs

PODMAN = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
"""
"""A configuration with which Podman runs in a container or virtual machine without systemd."""

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-static", "-Wall", "-Wextra", "-Werror"]


def compiled(source: Path, program: Path) -> Path:
    require("cc", "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)")
    subprocess.run(["cc", *FLAGS, "-o", program, source], check=True)
    return program


@pytest.fixture(scope="session")
def probe(tmp_path_factory):
    source = Path(__file__).parent / "probe.c"
    return compiled(source, tmp_path_factory.mktemp("probe") / "probe")


@pytest.fixture(scope="session", autouse=True)
def init():
    """The program that starts runs in a container, built from this checkout."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's are closed to other users
        Path(folder).chmod(0o755)
        program = compiled(SOURCE / "native" / "init.c", Path(folder) / "rpz-init")
        before = os.environ.get("RPZ_INIT")
        os.environ["RPZ_INIT"] = str(program)
        yield program
        if before is None:
            del os.environ["RPZ_INIT"]
        else:
            os.environ["RPZ_INIT"] = before


@pytest.fixture
def pack(tmp_path, probe):
    """Write a pack of the experiment with these commands as its runs."""

    def write(*commands, **options):
        data = packs.data_tar(packs.experiment(probe))
        return packs.write_pack(tmp_path / "exp.rpz", packs.config(*commands, **options), data)

    return write


@pytest.fixture
def target(rpz, backend, pack):
    """Unpack an experiment with these commands as its runs; destroy it afterwards."""

    def unpack(*commands, **options):
        result = rpz("unpack", backend, pack(*commands, **options), "demo")
        assert result.returncode == 0, result.stderr
        return rpz.folder / "demo"

    yield unpack
    if (rpz.folder / "demo").exists():
        result = rpz("destroy", "demo")
        assert result.returncode == 0, result.stderr


@pytest.fixture
def podman(tmp_path):
    """Run podman, with a store of its own; ``start`` leaves it running."""
    require("podman", "no podman (on Debian and Ubuntu: apt-get install podman runc)")
    require(os.geteuid() == 0, "only root's Podman needs no set-up")
    config = tmp_path / "containers.conf"
    config.write_text(PODMAN)
    environment = {**os.environ, "CONTAINERS_CONF": str(config)}
    with tempfile.TemporaryDirectory(prefix="rpz-podman-") as store:  # a short name is asked for
        argv = ["podman", "--root", f"{store}/root", "--runroot", f"{store}/run"]

        def run(*words, start=subprocess.run, **options):
            return start([*argv, *words], env=environment, stdin=subprocess.DEVNULL, **options)

        yield run
        subprocess.run(["umount", f"{store}/root/overlay"], check=False, stderr=subprocess.DEVNULL)


@pytest.fixture
def state(tmp_path, pack, chroot_allowed):
    """A target whose only run does what the test says."""
    del chroot_allowed

    def unpack(*commands, **options):
        with Pack.open(pack(*commands, **options)) as opened:
            return chroot.unpack(opened, tmp_path / "demo", {})

    return unpack
