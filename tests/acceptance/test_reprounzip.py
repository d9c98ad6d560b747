"""ReproZip's own unpacker takes our packs.

``RPZ_REPROUNZIP`` is the path of its program, of a virtual environment with ``reprounzip``,
``reprounzip-docker`` and ``setuptools`` in it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from xml.etree import ElementTree as ET

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
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "REPROZIP_PARAMETERS": "off"}
    environment["https_proxy"] = "http://127.0.0.1:9"  # nothing is to be fetched
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


@pytest.fixture
def two_runs(rpz, tmp_path):
    """A pack of two real runs with names, whose folder is out of reach since; and that folder."""
    require(os.geteuid() == 0, "reprounzip chroot needs root")
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "data.csv").write_text("pear\napple\n")
    first = rpz("trace", "--name", "sort it", "/bin/sh", "-c", "cd lab; env sort data.csv >out.csv")
    second = rpz(
        "trace", "--continue", "--name", "count", "/bin/sh", "-c", "cd lab; cat *.csv | wc -l"
    )
    assert (first.returncode, second.returncode, second.stdout) == (0, 0, b"4\n"), second.stderr
    assert rpz("pack", "two.rpz").returncode == 0
    lab.rename(tmp_path / "out-of-reach")
    return tmp_path / "two.rpz", lab


def test_runs_have_their_names(reprounzip, two_runs):
    pack_path, _ = two_runs
    text = succeeded(reprounzip("info", pack_path))
    assert 'sort it: /bin/sh -c "cd lab; env sort data.csv >out.csv"' in text
    found = json.loads(succeeded(reprounzip("info", "--json", pack_path)))
    assert [run["id"] for run in found["runs"]] == ["sort it", "count"]
    assert "out.csv" in succeeded(reprounzip("showfiles", "--output", pack_path, "sort it"))
    assert "out.csv" in succeeded(reprounzip("showfiles", "--input", pack_path, "count"))


@pytest.mark.parametrize(
    "options",
    [
        ["--packages", "package"], ["--packages", "drop"], ["--packages", "ignore"],
        ["--processes", "thread"], ["--processes", "process"], ["--processes", "run"],
        ["--otherfiles", "io"], ["--otherfiles", "no"], ["--aggregate", "/usr"], ["--all-forks"],
        ["--regex-filter", "^/usr"], ["--regex-replace", "^/usr", "/USR"],
    ],
)  # fmt: skip
def test_every_graph_is_drawn(reprounzip, two_runs, tmp_path, options):
    succeeded(reprounzip("graph", *options, "graph.dot", two_runs[0]))
    text = (tmp_path / "graph.dot").read_text()
    assert "data.csv" in text or "no" in options
    assert text.rstrip().endswith("}")


def test_the_graph_knows_which_run_did_what(reprounzip, two_runs, tmp_path):
    pack_path, lab = two_runs
    succeeded(reprounzip("graph", "--json", "--packages", "file", "graph.json", pack_path))
    found = json.loads((tmp_path / "graph.json").read_text())
    reads = [
        {name for process in run["processes"] for name in process["reads"]} for run in found["runs"]
    ]
    assert str(lab / "out.csv") not in reads[0]
    assert {str(lab / "data.csv"), str(lab / "out.csv")} <= reads[1]
    for run in found["runs"]:
        parents = [process["parent"] for process in run["processes"]]
        assert parents[0] is None
        assert all(parent is not None for parent in parents[1:])


@pytest.mark.parametrize("order", [["a", "b"], ["b", "a"]], ids=["in order", "in the other one"])
def test_the_graph_of_traces_that_were_made_at_the_same_time(
    rpz, reprounzip, tmp_path, native_tracer, order
):
    assert native_tracer
    script = "sleep 0.2; cat {0} >/dev/null; sleep 0.2; /usr/bin/env cat {0} >/dev/null"
    for name in order:
        (tmp_path / name).write_text(name)
    started = [rpz.start("trace", "-d", f"t{n}", "sh", "-c", script.format(n)) for n in "ab"]
    assert [process.communicate(timeout=60) and process.returncode for process in started] == [0, 0]
    assert rpz("combine", *(f"t{name}" for name in order)).returncode == 0
    assert rpz("pack", "both.rpz").returncode == 0
    succeeded(reprounzip("graph", "--json", "--packages", "file", "graph.json", "both.rpz"))
    found = json.loads((tmp_path / "graph.json").read_text())
    assert len(found["runs"]) == 2
    for run, name in zip(found["runs"], order, strict=True):
        reads = {path for process in run["processes"] for path in process["reads"]}
        assert {path for path in reads if Path(path).parent == tmp_path} == {str(tmp_path / name)}
        assert len({process["long_name"] for process in run["processes"]}) > 2


def test_prov_viewer(reprounzip, two_runs, tmp_path):
    succeeded(reprounzip("provviewer", "graph.xml", two_runs[0]))
    assert len(ET.parse(tmp_path / "graph.xml").getroot().findall(".//vertex")) > 2


@pytest.mark.parametrize("unpacker", ["directory", "chroot"])
def test_each_run_is_run_by_its_name(reprounzip, two_runs, tmp_path, unpacker):
    pack_path, lab = two_runs
    options = ["--dont-bind-magic-dirs"] if unpacker == "chroot" else []
    succeeded(reprounzip(unpacker, "setup", *options, pack_path, "target"))
    succeeded(reprounzip(unpacker, "run", "target", "sort it"))
    assert "4\n" in succeeded(reprounzip(unpacker, "run", "target", "count"))
    succeeded(reprounzip(unpacker, "download", "target", "out.csv:taken.csv"))
    assert (tmp_path / "taken.csv").read_text() == "apple\npear\n"
    (tmp_path / "plums.csv").write_text("plum\n")
    succeeded(reprounzip(unpacker, "upload", "target", "plums.csv:data.csv"))
    succeeded(reprounzip(unpacker, "run", "target", "0"))
    assert (tmp_path / "target/root" / str(lab)[1:] / "out.csv").read_text() == "plum\n"
    succeeded(reprounzip(unpacker, "destroy", "target"))


def test_docker(reprounzip, two_runs, tmp_path):
    """Without an engine: ``echo`` takes its place, and says nothing against the Dockerfile."""
    require(reprounzip("docker", "--help").returncode == 0, "reprounzip-docker is not installed")
    cache = tmp_path / "cache" / "reprozip"
    cache.mkdir(parents=True)
    for name in ("busybox", "rpzsudo", "rpztar"):  # programs that it fetches otherwise
        (cache / f"{name}-{os.uname().machine}").touch()
    succeeded(reprounzip("docker", "--docker-cmd", "echo", "setup", two_runs[0], "target"))
    target = tmp_path / "target"
    assert "FROM debian" in (target / "Dockerfile").read_text()
    listed = (target / "rpz-files.list").read_bytes().split(b"\0")
    with tarfile.open(target / "data.tgz") as tar:
        names = {os.fsencode(name) for name in tar.getnames()}
    assert len(listed) > 5
    assert {b"DATA/" + name for name in listed if name} <= names


@pytest.mark.usefixtures("two_runs")
def test_what_was_excluded_or_missing_is_not_looked_for(rpz, reprounzip, tmp_path):
    """It fails on a pack whose list has what the data hasn't."""
    lab = tmp_path / "out-of-reach"
    lab.rename(tmp_path / "lab")
    (tmp_path / "lab" / "data.csv").unlink()
    with (tmp_path / ".rpz-trace/config.yml").open("a") as config:
        config.write('\nexcluded_patterns: ["/usr/bin/wc"]\n')
    done = rpz("pack", "--leave-out-missing", "less.rpz")
    assert done.returncode == 0, done.stderr
    succeeded(reprounzip("chroot", "setup", "--dont-bind-magic-dirs", "less.rpz", "target"))
    assert not (tmp_path / "target/root/usr/bin/wc").exists()
    succeeded(reprounzip("chroot", "destroy", "target"))
