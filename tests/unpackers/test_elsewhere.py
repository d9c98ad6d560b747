"""Images are made on macOS and Windows, too: without what only Linux or POSIX has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rpz.unpackers import UNPACKERS
from tests.conftest import SOURCE
from tests.unpackers import packs

BLOCKED = r"""
import ctypes, os, signal, sys

import docker, psutil, requests  # each has its own way on each system

for name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None

class Library:
    def __init__(self, name, *_, **__):
        raise OSError(f"no library {name} here")

ctypes.CDLL = Library
LINUX = (
    "O_PATH", "sched_getaffinity", "memfd_create", "SEEK_HOLE", "SEEK_DATA", "splice", "unshare",
    "setns", "copy_file_range", "posix_fadvise", "posix_fallocate", "pidfd_open", "setresuid",
    "setresgid", "listxattr", "getxattr", "setxattr",
)
for name in LINUX:
    if hasattr(os, name):
        delattr(os, name)
"""
UNPACK = r"""
from rpz.cli import main
try:
    main(sys.argv[1:])
finally:
    loaded = {name for name in sys.modules if name.startswith("rpz.unpackers.")}
    linux = {f"rpz.unpackers.{name}" for name in ("namespaces", "mounts", "program", "chroot")}
    assert not loaded & linux, loaded & linux
"""
IMPORT = r"""
import importlib
importlib.import_module(sys.argv[1])
"""


def blocked(rpz, script, *arguments):
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", BLOCKED + script, *arguments],
        cwd=rpz.folder, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("name", [n for n in ("docker", "oci", "vagrant") if n in UNPACKERS])
def test_the_unpacker_is_imported(rpz, name):
    done = blocked(rpz, IMPORT, UNPACKERS[name])
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def path(tmp_path, probe):
    """A pack of ours, with an index, by which several threads read."""
    found = packs.listed_parts(packs.config(("status", "0")), packs.experiment(probe))
    return packs.write_parts(tmp_path / "exp.rpz", found)


def test_a_pack_is_read(rpz, path):
    for command in ("info", "ls", "check"):
        done = blocked(rpz, UNPACK, command, path)
        assert done.returncode == 0, done.stderr.decode()


def test_an_image_is_made(rpz, path, request):
    """As a file, where no engine is needed; else by an engine."""
    if "oci" in UNPACKERS:
        done = blocked(rpz, UNPACK, "unpack", "oci", path, "image.tar")
        assert done.returncode == 0, done.stderr.decode()
        assert (rpz.folder / "image.tar").exists()
        return
    request.getfixturevalue("docker_engine")
    done = blocked(rpz, UNPACK, "unpack", "docker", path, "demo")
    assert done.returncode == 0, done.stderr.decode()
    try:
        assert rpz("run", "demo").returncode == 0
        run = blocked(rpz, UNPACK, "run", "demo")
        assert run.returncode == 0, run.stderr.decode()
        assert rpz("download", "demo", "data.csv:").stdout == packs.DATA
    finally:
        done = blocked(rpz, UNPACK, "destroy", "demo")
        assert done.returncode == 0, done.stderr.decode()
