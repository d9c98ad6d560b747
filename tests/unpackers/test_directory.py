"""What only the directory unpacker promises: the pack's programs and libraries, where it can."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rpz.packer.archive.reader import Pack
from rpz.unpackers import directory
from rpz.unpackers.directory.launch import content
from rpz.unpackers.directory.links import contain, contained
from rpz.unpackers.directory.place import Root
from rpz.unpackers.directory.translate import argument
from tests.conftest import require
from tests.unpackers import packs

PIPELINE = (
    "printf 'b\\na\\nb\\n' | sort | uniq -c >counts; cat /proc/self/maps >maps; wc -l <counts"
)
ARCHIVE = Path("/usr/lib/locale/locale-archive")
HOSTS = (str(ARCHIVE.parent) if ARCHIVE.exists() else str(ARCHIVE), "gconv-modules.cache")
"""What any version of the library can read: with an archive of locales, all of them."""


@pytest.fixture
def replayed(rpz, native_tracer, directory_runs):
    """Trace and pack a command, unpack it, and take away the files that it used here."""
    del native_tracer, directory_runs

    def unpack(*command, taken=()):
        for words in (
            ("trace", "-q", *command),
            ("pack", "-q", "exp.rpz"),
            ("unpack", "directory", "exp.rpz", "demo"),
        ):
            done = rpz(*words)
            assert done.returncode == 0, done.stderr
        for name in taken:
            (rpz.folder / name).unlink()
        return rpz.folder / "demo" / "root" / str(rpz.folder)[1:]

    return unpack


def done(result):
    assert result.returncode == 0, result.stderr
    return result


def mapped(text):
    """The files that a process has in its memory."""
    return {line.split(maxsplit=5)[5] for line in text.splitlines() if " /" in line}


@pytest.fixture
def another_loader():
    """Make a target's loader another than this machine's."""

    def change(folder):
        loader = folder / "demo" / "root" / "lib64" / "ld-linux-x86-64.so.2"
        require(loader.exists(), "another machine than x86-64 with glibc")
        with loader.open("ab") as file:
            file.write(b"another")

    return change


@pytest.mark.parametrize("same_loader", [True, False])
def test_pipeline(rpz, replayed, another_loader, same_loader):
    """Programs that a shell starts have the pack's libraries too, wherever it is moved."""
    here = replayed("sh", "-c", PIPELINE, taken=("counts", "maps"))
    if not same_loader:
        another_loader(rpz.folder)
    (rpz.folder / "demo").rename(rpz.folder / "a 'moved' $one")
    moved = rpz.folder / "a 'moved' $one"
    assert done(rpz("run", moved)).stdout == b"2\n"
    here = moved / here.relative_to(rpz.folder / "demo")
    assert (here / "counts").read_text() == "      1 a\n      2 b\n"
    root = str(moved / "root")
    outside = {path for path in mapped((here / "maps").read_text()) if not path.startswith(root)}
    assert {path for path in outside if not any(place in path for place in HOSTS)} == set()
    assert not (rpz.folder / "counts").exists()


def test_another_loader_is_told(rpz, replayed, another_loader):
    replayed("sh", "-c", "echo a")
    another_loader(rpz.folder)
    said = rpz("run", "demo").stderr
    assert b"ld-linux-x86-64.so.2 is another than the packed one" in said


def test_without_isolation_is_told(rpz, replayed):
    replayed("true")
    rpz("destroy", "demo")
    assert b"Runs in demo aren't isolated" in rpz("unpack", "directory", "exp.rpz", "demo").stderr


def test_python_in_a_virtual_environment(rpz, replayed):
    """Its standard library and its packages are the pack's."""
    require("/usr/bin/python3", "no /usr/bin/python3")
    subprocess.run(
        ["/usr/bin/python3", "-m", "venv", "--without-pip", rpz.folder / "v"], check=True
    )
    (folder,) = (rpz.folder / "v" / "lib").glob("python3*/site-packages")
    (folder / "mine.py").write_text("import json as other\n")
    program = "import mine, sys; print(mine.__file__, mine.other.__file__, sys.argv[1:])"
    replayed(rpz.folder / "v" / "bin" / "python", "-c", program, f"--to={rpz.folder}/out")
    (folder / "mine.py").unlink()
    words = done(rpz("run", "demo")).stdout.decode().split()
    root = str(rpz.folder / "demo" / "root")
    assert [word for word in words if not word.removeprefix("['--to=").startswith(root)] == []


def test_compiled_programs(rpz, replayed):
    """One with libraries, one that is its own loader, and a script that starts both."""
    require("cc", "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)")
    (rpz.folder / "p.c").write_text(
        "#include <math.h>\n#include <stdio.h>\n"
        'int main(int c, char **v) { printf("%s %.3f\\n", v[1], sqrt(c)); return 0; }\n'
    )
    for name, option in (("dynamic", "-pie"), ("static", "-static-pie"), ("plain", "-static")):
        argv = ["cc", option, "-o", rpz.folder / name, rpz.folder / "p.c", "-lm"]
        subprocess.run(argv, check=True)
    (rpz.folder / "all").write_text("#!/bin/sh -e\n./dynamic a\n./static b\n./plain c\n")
    (rpz.folder / "all").chmod(0o755)
    replayed("./all", taken=("dynamic", "static", "plain", "all"))
    assert done(rpz("run", "demo")).stdout == b"a 1.414\nb 1.414\nc 1.414\n"


def test_a_link_to_a_program_that_has_its_library_beside_it(rpz, replayed):
    """What Java's is like: the folder is that of the file, not of the link."""
    require("cc", "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)")
    home = rpz.folder / "home"
    home.mkdir()
    (home / "beside.c").write_text("int answer(void) { return 42; }\n")
    (home / "p.c").write_text("int answer(void); int main(void) { return answer() - 42; }\n")
    beside, program = home / "libbeside.so", home / "p"
    subprocess.run(["cc", "-shared", "-o", beside, home / "beside.c"], check=True)
    own = ["-L", home, "-lbeside", "-Wl,-rpath,$ORIGIN"]
    subprocess.run(["cc", "-o", program, home / "p.c", *own], check=True)
    (rpz.folder / "link").symlink_to("home/p")
    replayed(rpz.folder / "link", taken=("link", "home/libbeside.so"))
    assert done(rpz("run", "demo")).stderr == b""


def test_paths_in_arguments(rpz, replayed):
    """A whole argument is where the pack is; a part of one can't be, which is told."""
    (rpz.folder / "in").write_text("packed\n")
    here = replayed("cp", rpz.folder / "in", rpz.folder / "out", taken=("in", "out"))
    done(rpz("run", "demo"))
    assert (here / "out").read_text() == "packed\n"
    assert not (rpz.folder / "out").exists()


def test_a_path_inside_an_argument_is_told(rpz, replayed):
    (rpz.folder / "in").write_text("packed\n")
    replayed("sh", "-c", f"cat {rpz.folder}/in >{rpz.folder}/out")
    (rpz.folder / "in").write_text("this machine's\n")
    result = done(rpz("run", "demo"))
    assert f"run0 finds this machine's {rpz.folder}/in, not the pack's".encode() in result.stderr
    assert f"run0 has written this machine's {rpz.folder}/out".encode() in result.stderr


def test_a_colon_in_the_path(rpz, replayed):
    replayed("true")
    (rpz.folder / "demo").rename(rpz.folder / "a:b")
    result = rpz("run", "a:b")
    assert (result.returncode, result.stderr.count(b"\n")) == (125, 1)
    assert b"colon" in result.stderr


@pytest.mark.parametrize(
    ("link", "depth", "expected"),
    [
        (b"/usr/lib/x", 2, b"../../usr/lib/x"),
        (b"/", 0, b"."),
        (b"/", 1, b".."),
        (b"/../../etc", 1, b"../etc"),
        (b"../../../etc", 2, b"../../etc"),
        (b"../../..", 0, b"."),
        (b"../x", 1, b"../x"),
        (b"x/../y", 0, b"x/../y"),
        (b"/proc/self/fd", 1, b"/proc/self/fd"),
    ],
)
def test_contained(link, depth, expected):
    assert contained(link, depth) == expected


def test_links_keep_their_times(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "link").symlink_to("/usr/file")
    for path in (folder / "link", folder):
        os.utime(path, ns=(10**18, 10**18), follow_symlinks=False)
    contain(tmp_path)
    assert os.fspath((folder / "link").readlink()) == "../usr/file"
    assert (folder / "link").lstat().st_mtime_ns == 10**18
    assert folder.stat().st_mtime_ns == 10**18
    assert stat.S_ISLNK((folder / "link").lstat().st_mode)


def test_arguments_that_are_no_packed_paths(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "dev").mkdir()
    root = Root(tmp_path)
    for word in (b"/", b"/dev/null", b"/elsewhere/x", b"data", b"a b=/data", b"", b"-/data"):
        assert argument(word, root) == word
    assert argument(b"/data/new", root) == root.name + b"/data/new"
    assert argument(b"--out=/data/new", root) == b"--out=" + root.name + b"/data/new"


def test_what_is_no_file_of_this_machine_is_not_opened(rpz, probe):
    os.mkfifo(rpz.folder / "pipe")
    link = packs.member("DATA/bin/probe", b"2", linkname="../bin/../../../pipe")
    own = [item for item in packs.experiment(probe) if item[0].name != link[0].name]
    data = packs.data_tar([*own, link])
    packs.write_pack(rpz.folder / "exp.rpz", packs.config(("status", "0")), data)
    process = rpz.start("unpack", "directory", "exp.rpz", "demo")
    try:
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0


def test_devices_have_no_content():
    assert content(b"/dev/zero") == b""


@pytest.mark.parametrize("listed", [False, True])
def test_a_path_leads_to_nothing_outside(tmp_path, listed):
    """Scripts are made of the pack's programs by the folders in PATH, which anybody may write."""
    (tmp_path / "outside").mkdir()
    tool = tmp_path / "outside" / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    loader = "/lib64/ld-linux-x86-64.so.2"
    members = [
        packs.folder("DATA/bin"),
        packs.file("DATA/bin/sh", Path("/bin/sh").read_bytes(), mode=0o755),
        packs.folder("DATA/lib64"),
        packs.file(f"DATA{loader}", Path(loader).read_bytes(), mode=0o755),
        packs.member("DATA/link", b"2", linkname="bin/../../../outside"),
        packs.folder("DATA/outside"),
    ]
    usual = packs.config(("status", "0"))
    ups = ["/bin" + "/.." * number + "/outside" for number in range(6)]
    environ = {"PATH": ":".join([*ups, "/../outside", "//../../outside", "/link", "/link/.."])}
    config = replace(usual, runs=(replace(usual.runs[0], environ=environ),))
    path = tmp_path / "exp.rpz"
    if listed:
        packs.write_parts(path, packs.listed_parts(config, members))
    else:
        packs.write_pack(path, config, packs.data_tar(members))
    with Pack.open(path) as pack:
        directory.unpack(pack, tmp_path / "demo", {})
    assert tool.read_text() == "#!/bin/sh\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo", "exp.rpz", "outside"]
    assert [p.name for p in (tmp_path / "outside").iterdir()] == ["tool"]
    made = sorted(p.name for p in (tmp_path / "demo").iterdir())
    assert made == ["root", "target.json", "wrappers"]
