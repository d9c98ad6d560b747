"""``rpz installpkgs``: the pack's packages beside this machine's; no test installs any."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from rpz.packer.config.model import Package
from rpz.unpackers.hostpackages import FAMILIES, HostPackagesError, compared, installation
from tests.conftest import require
from tests.unpackers import packs

FAKE = '#!/bin/sh\nprintf "%s\\n" "$@" > "$RPZ_SAID"\nexit "$RPZ_STATUS"\n'


@pytest.fixture
def version():
    require("dpkg-query", "no dpkg")
    require(os.path.exists("/var/lib/dpkg/status"), "no packages of Debian's")  # noqa: PTH110
    asked = ["dpkg-query", "-W", "-f=${Version}", "dpkg"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def pack(rpz, version):
    """Three packages, one of each kind."""
    packages = (
        Package("dpkg", version, (), manager="dpkg"),
        Package("libc6:amd64", "0-0", (), manager="dpkg"),
        Package("rpz-is-no-package", "1.0", (), manager="dpkg"),
    )
    config = packs.config(("status", "0"), packages=packages)
    packs.write_pack(rpz.folder / "exp.rpz", config, packs.data_tar([]))


@pytest.fixture
def apt(rpz, pack):
    """A stand-in for apt-get, and what it was asked."""
    del pack
    (rpz.folder / "apt-get").write_text(FAKE)
    (rpz.folder / "apt-get").chmod(0o755)
    rpz.environment["PATH"] = f"{rpz.folder}:{os.environ['PATH']}"
    rpz.environment["RPZ_SAID"] = str(rpz.folder / "said")
    rpz.environment["RPZ_STATUS"] = "0"
    require(os.geteuid() == 0, "not root, who can install packages")
    return lambda: (rpz.folder / "said").read_text().splitlines()


def test_summary(rpz, pack, version):
    del pack
    done = rpz("installpkgs", "exp.rpz", "--summary", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert [row["state"] for row in rows.values()] == ["same", "other version", "missing"]
    assert rows["dpkg"]["version_here"] == version
    said = rpz("installpkgs", "exp.rpz", "--summary").stdout.decode()
    assert f"same           dpkg               {version}\n" in said
    assert "missing        rpz-is-no-package  1.0\n" in said
    assert "other version  libc6:amd64        0-0, here 2" in said


def test_the_missing_ones_are_installed(rpz, apt):
    assert rpz("installpkgs", "exp.rpz").returncode == 0
    assert apt() == ["install", "--no-install-recommends", "rpz-is-no-package"]
    assert rpz("installpkgs", "exp.rpz", "--yes").returncode == 0
    assert apt() == ["install", "--no-install-recommends", "-y", "rpz-is-no-package"]


def test_an_installation_that_fails(rpz, apt):
    rpz.environment["RPZ_STATUS"] = "100"
    done = rpz("installpkgs", "exp.rpz")
    assert done.returncode == 1
    assert b"rpz: apt-get failed with status 100." in done.stderr
    assert apt()


@pytest.mark.parametrize(
    "name", ["--force-yes", "-o=x", "sudo-", "sudo:amd64-", "a b", "", "/tmp/x.deb", "./x"]
)
def test_a_name_that_is_an_option(name):
    with pytest.raises(HostPackagesError, match="can't be one"):
        installation(FAMILIES[0], ["good", name], yes=True)


def test_packages_of_languages_are_not_the_distributions(version):
    managers = ("dpkg", "pip", "")
    packages = tuple(Package("dpkg", version, (), manager=manager) for manager in managers)
    _, found = compared(packs.config(("status", "0"), packages=packages), ["ubuntu", "debian"])
    assert [item.package.manager for item in found] == ["dpkg", ""]


def test_another_family():
    config = packs.config(("status", "0"))
    with pytest.raises(HostPackagesError, match="of debian 12, and this machine is fedora"):
        compared(config, ["fedora"])


def test_what_other_managers_print():
    parsed = {family.manager: family.parsed for family in FAMILIES}
    assert parsed["rpm"]("bash\t1:5.2-1.fc40") == ("bash", "1:5.2-1.fc40")
    assert parsed["apk"]("py3-numpy-1.25.2-r0") == ("py3-numpy", "1.25.2-r0")
    assert parsed["pacman"]("bash 5.2.026-2") == ("bash", "5.2.026-2")
    assert parsed["dpkg"]("config-files\told\t1") is None
