"""Images upon another one: what is left out of the pack is installed there."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess

import pytest
from rpaths import PosixPath

from rpz.packer.config.model import Package
from rpz.unpackers.docker.installers import base_image
from tests.conftest import require
from tests.unpackers import packs

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

BASE = "RPZ_TEST_BASE"
"""The variable that names an image of Debian in the engine, made by debootstrap."""
CONTROL = """\
Package: rpz-tool
Version: 1.2
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: a tool
"""
DOCKERFILE = """\
FROM {base}
COPY repository /repository
RUN rm -rf /etc/apt/sources.list.d && \
    echo 'deb [trusted=yes] file:///repository ./' > /etc/apt/sources.list
"""


def done(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, timeout=120, **options)


@pytest.fixture
def base(tmp_path, docker_engine):
    """An image of Debian whose apt knows a repository in it, of one package and no other."""
    del docker_engine
    debian = os.environ.get(BASE)
    require(bool(debian), f"{BASE} names no image of Debian: debootstrap and docker import")
    tree = tmp_path / "build" / "tool"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(CONTROL)
    (tree / "usr" / "bin").mkdir(parents=True)
    tool = tree / "usr" / "bin" / "rpz-tool"
    tool.write_text("#!/bin/sh\necho tool 1.2\ncat data.csv\n")
    tool.chmod(0o755)
    repository = tmp_path / "build" / "repository"
    repository.mkdir()
    done("dpkg-deb", "--build", tree, repository / "rpz-tool.deb")
    content = (repository / "rpz-tool.deb").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    where = f"Filename: ./rpz-tool.deb\nSize: {len(content)}\nSHA256: {digest}\n"
    (repository / "Packages").write_text(CONTROL + where)
    (tmp_path / "build" / "Dockerfile").write_text(DOCKERFILE.format(base=debian))
    done("docker", "build", "--tag", "rpz-test/base", tmp_path / "build")
    yield "rpz-test/base"
    done("docker", "rmi", "rpz-test/base")


@pytest.fixture
def pack(tmp_path):
    """Write a pack of a run of the tool, without that; ``names`` are those of packages left out."""

    def write(*names):
        packages = tuple(
            Package(name, "1.1", (PosixPath(b"/usr/bin/rpz-tool"),), packfiles=False)
            for name in names
        )
        config = packs.config(("tool",), packages=packages, binary="/usr/bin/rpz-tool")
        run = dataclasses.replace(config.runs[0], argv=("rpz-tool",))
        run = dataclasses.replace(run, environ={"PATH": "/usr/bin:/bin"})
        config = dataclasses.replace(config, runs=(run,))
        here = f"DATA{packs.FOLDER}"
        data = [packs.folder(here), packs.file(f"{here}/data.csv", b"packed\n")]
        return packs.write_pack(tmp_path / "exp.rpz", config, packs.data_tar(data))

    return write


def test_what_was_left_out_is_installed(rpz, base, pack):
    result = rpz("unpack", "docker", pack("rpz-tool"), "on-base", "--base", base)
    assert result.returncode == 0, result.stderr
    assert b"rpz-tool was 1.1 when traced, and is 1.2 in the image" in result.stderr
    try:
        result = rpz("run", "on-base")
        assert (result.returncode, result.stdout) == (0, b"tool 1.2\npacked\n"), result.stderr
    finally:
        assert rpz("destroy", "on-base").returncode == 0


def test_what_cannot_be_installed(rpz, base, pack):
    result = rpz("unpack", "docker", pack("rpz-tool", "rpz-nothing"), "on-base", "--base", base)
    assert result.returncode == 1
    assert b"couldn't install rpz-nothing" in result.stderr.splitlines()[-1]
    assert not (rpz.folder / "on-base").exists()
    assert b"rpz/on-base" not in done("docker", "images").stdout


@pytest.mark.parametrize("name", ["-c/evil", "rpz-tool-"])
def test_a_name_that_is_something_else(rpz, docker_engine, pack, name):
    """It is known before anything is asked of the engine, which has no such image."""
    del docker_engine
    result = rpz("unpack", "docker", pack(name), "on-base", "--base", "rpz-test/nothing:1")
    assert result.returncode == 1
    assert b"can't be one" in result.stderr
    assert not (rpz.folder / "on-base").exists()


def test_base_that_does_not_exist(rpz, docker_engine, pack):
    del docker_engine
    result = rpz("unpack", "docker", pack("rpz-tool"), "on-base", "--base", "rpz-test/nothing:1")
    assert result.returncode == 1
    assert b"can't get the image rpz-test/nothing:1" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("distribution", "image"),
    [
        (("debian", "12"), "debian:12"),
        (("ubuntu", "24.04"), "ubuntu:24.04"),
        (("fedora", "41"), "fedora:41"),
        (("rocky", "9.4"), "rockylinux:9"),
        (("plan9", "4"), None),
    ],
)
def test_base_of_a_distribution(distribution, image):
    assert base_image(*distribution) == image
