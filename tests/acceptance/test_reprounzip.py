"""ReproZip's own unpacker takes our packs.

``RPZ_REPROUNZIP`` is the path of its program, of a virtual environment with ``reprounzip`` and
``setuptools`` in it.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from rpz.packer.configure import write_config
from rpz.packer.pack import pack
from tests.conftest import require
from tests.packer.traces import Trace

LOADER = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
ODD = ["a: b.txt", "x #y.txt", "- [z", os.fsdecode(b"\xff\n")]


@pytest.fixture
def reprounzip(tmp_path):
    program = os.environ.get("RPZ_REPROUNZIP")
    require(program, "RPZ_REPROUNZIP is not set")
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "REPROZIP_USAGE_STATS": "off"}
    environment.pop("PYTHONPATH", None)

    def run(*arguments):
        return subprocess.run(
            [program, *arguments], cwd=tmp_path, env=environment, capture_output=True, check=False
        )

    return run


@pytest.fixture
def experiment(tmp_path, request):
    """A pack of ``cat data.csv 'a: b.txt'``."""
    require(Path(LOADER).exists(), f"this test's trace is of a machine with {LOADER}")
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "data.csv").write_text("1,2\n")
    command = ("cat", "data.csv", "a: b.txt")
    trace = Trace(folder).start(*command, binary="/usr/bin/cat", uid=os.getuid())
    for name in getattr(request, "param", ODD):
        (folder / name).write_text("odd\n")
        trace.read(folder / name)
    for path in ("/usr/bin/cat", "/usr/bin/dash", "/usr/bin/env", "/usr/bin/sh"):
        trace.read(path)
    trace.read(os.path.realpath(LOADER)).read("/usr/lib/x86_64-linux-gnu/libc.so.6")
    for link in ("/bin", "/lib", "/lib64", "/usr/lib64/ld-linux-x86-64.so.2"):
        trace.follow(link, Path(link).readlink())
    trace.follow("/usr/bin/sh", Path("/usr/bin/sh").readlink()).read(folder / "data.csv")
    trace.create(folder / "out.csv").save(folder / ".rpz-trace")
    (folder / "out.csv").touch()
    write_config(folder / ".rpz-trace")
    return pack(folder / ".rpz-trace", tmp_path / "experiment.rpz").path


def succeeded(done):
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_info(reprounzip, experiment):
    """It takes what it knows of packages, and has nothing to say of what we know beside that."""
    done = reprounzip("info", experiment)
    text = succeeded(done)
    assert re.search(r"Packed software packages: *[1-9]", text)
    assert b"Unrecognized" not in done.stderr
    assert 'cat data.csv "a: b.txt"' in text
    assert "Distribution: debian 12" in text


def test_showfiles(reprounzip, experiment):
    text = succeeded(reprounzip("showfiles", experiment))
    for name in ("a: b.txt", "x #y.txt", "- [z", "data.csv", "out.csv"):
        assert f"    {name}\n" in text


def test_directory(reprounzip, experiment, tmp_path):
    succeeded(reprounzip("directory", "setup", experiment, "target"))
    root = tmp_path / "target" / "root"
    for name in ODD:
        assert (root / str(tmp_path / "w" / name)[1:]).read_text() == "odd\n"
    assert "1,2\nodd\n" in succeeded(reprounzip("directory", "run", "target"))
    succeeded(reprounzip("directory", "destroy", "target"))


def test_chroot(reprounzip, experiment, tmp_path):
    require(os.geteuid() == 0, "reprounzip chroot needs root")
    # Its bind mounts would put this machine's /dev under a folder that tests remove
    succeeded(reprounzip("chroot", "setup", "--dont-bind-magic-dirs", experiment, "target"))
    assert "1,2\nodd\n" in succeeded(reprounzip("chroot", "run", "target"))
    succeeded(reprounzip("chroot", "destroy", "target"))
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("experiment", [ODD[:3]], indirect=True)  # it reads UTF-8 only
def test_the_trace_is_read(reprounzip, experiment):
    succeeded(reprounzip("graph", "graph.dot", experiment))


def test_what_rpz_traced_runs_under_reprounzip(rpz, reprounzip, tmp_path):
    """The whole of it: a real trace, the original out of reach, the same output."""
    require(os.geteuid() == 0, "reprounzip chroot needs root")
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "data.csv").write_text("pear\napple\n")
    # reprounzip starts runs with sh and env, and fetches busybox where a pack has none
    script = "cd lab && env LC_ALL=C sort data.csv >out.csv && cat out.csv"
    traced = rpz("trace", "/bin/sh", "-c", script)
    assert (traced.returncode, traced.stdout) == (0, b"apple\npear\n"), traced.stderr
    assert rpz("pack", "experiment.rpz").returncode == 0
    lab.rename(tmp_path / "out-of-reach")
    pack_path = tmp_path / "experiment.rpz"
    assert "exitcode: 0" in succeeded(reprounzip("-v", "info", pack_path))
    assert "out.csv" in succeeded(reprounzip("showfiles", pack_path))
    succeeded(reprounzip("chroot", "setup", "--dont-bind-magic-dirs", pack_path, "target"))
    assert "apple\npear\n" in succeeded(reprounzip("chroot", "run", "target"))
    assert (tmp_path / "target/root" / str(lab)[1:] / "out.csv").read_bytes() == traced.stdout
    succeeded(reprounzip("chroot", "destroy", "target"))
