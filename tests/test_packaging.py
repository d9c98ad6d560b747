"""What is built from the source tree, and that each form of it works."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import SOURCE, require


def python(*argv, **options):
    command = [sys.executable, *map(os.fspath, argv)]
    return subprocess.run(command, capture_output=True, check=False, **options)


def build(folder, *options):
    result = python("-m", "build", "--no-isolation", "--outdir", folder, *options, SOURCE)
    assert result.returncode == 0, result.stdout.decode()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source distribution, a wheel built from it, and a wheel without the tracer."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    build(folder, "--wheel", "-Cwheel.cmake=false")
    return {kind: next(folder.glob(f"*{kind}*")) for kind in ("linux", "any", ".tar.gz")}


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Install a wheel's modules in a folder of their own, and return what runs rpz from there."""

    def install(kind):
        target = tmp_path_factory.mktemp("target")
        done = python("-m", "pip", "install", "-q", "--no-deps", "--target", target, built[kind])
        assert done.returncode == 0, done.stderr.decode()
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RPZ_")}
        # Not the tracer of the environment that the tests run in, nor its sources.
        environment = {**kept, "PYTHONPATH": str(target), "PATH": "/usr/bin:/bin"}

        def rpz(*argv, cwd):
            return python("-S", "-c", RUN, *argv, cwd=cwd, env=environment)

        return rpz

    return install


RUN = f"""
import sys, sysconfig
sys.path += {[p for p in sys.path if p.endswith("site-packages")]!r}
sysconfig.get_path = lambda *a, **k: "/nonexistent"
from rpz.cli import main
main()
"""


def test_one_wheel_serves_every_python_3(built):
    assert "-py3-none-linux_" in built["linux"].name


def test_wheel_holds_programs_and_data(built):
    with zipfile.ZipFile(built["linux"]) as wheel:
        names = wheel.namelist()
    assert {n.split("/")[0] for n in names} == {"rpz", "rpz-0.1.0.data", "rpz-0.1.0.dist-info"}
    assert any(n.endswith("scripts/rpz-tracer") for n in names)
    assert any(n.endswith("scripts/rpz-init") for n in names)
    assert "rpz/tracer/schema.sql" in names
    assert "rpz/tracer/facts.sql" in names
    assert "rpz/tracer/packages.sql" in names
    assert "rpz/provenance/graph/graph.css" in names
    assert "rpz/provenance/paper/rpz.sty" in names
    assert "rpz/tracer/random_bytes.sql" in names
    assert {"rpz/provenance/report/page/page.html", "rpz/provenance/report/page/main.js"} <= set(
        names
    )
    assert "rpz/py.typed" in names


def test_source_distribution_holds_the_native_sources(built):
    with tarfile.open(built[".tar.gz"]) as tar:
        names = tar.getnames()
    assert any(n.endswith("native/syscalls/table.inc") for n in names)
    assert any(n.endswith("rpz/unpackers/chroot.py") for n in names)


def test_wheel_without_the_tracer_says_so(installed, tmp_path):
    result = installed("any")("trace", "true", cwd=tmp_path)
    assert result.returncode == 125
    assert b"no compiled tracer" in result.stderr
    assert b"--engine python" in result.stderr
    assert not (tmp_path / ".rpz-trace").exists()


def test_wheel_without_the_tracer_still_unpacks(installed, rpz, tmp_path):
    require(os.geteuid() == 0, "not root: files keep their owner only when root unpacks them")
    assert rpz("trace", "cat", "/etc/hostname").returncode == 0
    assert rpz("pack", "x.rpz").returncode == 0
    other = installed("any")
    result = other("unpack", "chroot", "x.rpz", "demo", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    result = other("run", "demo", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, Path("/etc/hostname").read_bytes())
