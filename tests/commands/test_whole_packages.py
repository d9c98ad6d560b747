"""A packed experiment takes another way through its code, for other data."""

from __future__ import annotations

import json
import sys
import zipfile

import pytest

from rpz.packer.config.model import Extent
from rpz.packer.config.reader import parse_config
from tests.packer.packages.layout import wheel

SCRIPT = """\
import importlib
name = open(sys.argv[1]).read()
print(importlib.import_module(name).__name__)
"""


@pytest.fixture
def traced(rpz, tmp_path):
    """A run that imports the module whose name it reads, from a package beside it."""
    site = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel(tmp_path)) as archive:
        archive.extractall(site)
    (tmp_path / "run.py").write_text(f"import sys\nsys.path.append({str(site)!r})\n{SCRIPT}")
    (tmp_path / "name").write_text("hello_world")
    done = rpz("trace", sys.executable, "run.py", "name")
    assert done.stdout == b"hello_world\n", done.stderr
    return rpz


def packed(rpz, *options):
    done = rpz("pack", "--overwrite", *options)
    assert done.returncode == 0, done.stderr
    return done.stderr.decode()


def replayed(rpz, tmp_path, *modules):
    """Return what the packed run says of each module."""
    said = []
    done = rpz("unpack", "chroot", "experiment.rpz", "target")
    assert done.returncode == 0, done.stderr
    for module in modules:
        (tmp_path / "other").write_text(module)
        done = rpz("upload", "target", "name:other")
        assert done.returncode == 0, done.stderr
        said.append(rpz("run", "target").stdout.decode().strip())
    assert rpz("destroy", "target").returncode == 0
    return said


@pytest.mark.usefixtures("chroot_allowed", "native_tracer")
def test_another_module_of_the_standard_library_is_there(traced, tmp_path):
    said = packed(traced)
    assert "standard library" in said
    modules = ("decimal", "xml.dom.minidom", "asyncio", "hello_world.other")
    assert replayed(traced, tmp_path, *modules) == [*modules[:-1], ""]
    told = json.loads(traced("info", "--json", "experiment.rpz").stdout)["packages"]
    (hello,) = (package for package in told if package["name"] == "Hello_World")
    assert (hello["manager"], hello["purl"]) == ("pip", "pkg:pypi/hello-world@1.0")
    assert "library" in {package["extent"] for package in told}


@pytest.mark.usefixtures("chroot_allowed", "native_tracer")
def test_one_package_whole(traced, tmp_path):
    config = tmp_path / ".rpz-trace/config.yml"
    text = config.read_text()
    place = text.index('name: "Hello_World"')
    before, after = text[:place], text[place:]
    config.write_text(before + after.replace("extent: touched", "extent: whole", 1))
    assert "whole package" in packed(traced)
    assert replayed(traced, tmp_path, "hello_world.other") == ["hello_world.other"]


@pytest.mark.usefixtures("chroot_allowed", "native_tracer")
def test_nothing_beyond_what_was_used(traced, tmp_path):
    assert "standard library" not in packed(traced, "--no-whole-packages", "--no-placeholders")
    assert replayed(traced, tmp_path, "hello_world", "asyncio") == ["hello_world", ""]


@pytest.mark.usefixtures("native_tracer", "traced")
def test_packages_are_in_the_configuration(tmp_path):
    text = (tmp_path / ".rpz-trace/config.yml").read_text()
    packages = {p.name: p for p in parse_config(text.encode(), "x").packages}
    hello = packages["Hello_World"]
    assert (hello.manager, hello.extent) == ("pip", Extent.TOUCHED)
    assert hello.purl == "pkg:pypi/hello-world@1.0"
    assert any(package.extent is Extent.LIBRARY for package in packages.values())
