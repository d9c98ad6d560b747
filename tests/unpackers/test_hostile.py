"""Packs that were made to do harm, on every unpacker and every command that reads one."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rpaths import PosixPath

from rpz.commands.check import _checked
from rpz.errors import RpzError
from rpz.packer.archive.bulk import bulk
from rpz.packer.archive.reader import Pack
from rpz.packer.config.model import InputOutput
from rpz.unpackers import UNPACKERS
from rpz.unpackers.excerpt import take_out
from rpz.unpackers.members import checked
from tests.conftest import become, docker_works, require
from tests.unpackers import hostile, packs
from tests.unpackers.hostile import TRICKS, prepared, refusal, untouched

USER = os.environ.get("RPZ_TEST_USER", "nobody")
NEEDS = {"docker": docker_works}
"""What must work here for an unpacker to get as far as the packed files."""


UNTRIED = {"vagrant"}
"""A machine for each trick takes hours; what is sent to it comes through ``members.checked``."""


@pytest.fixture(scope="module", params=[name for name in UNPACKERS if name not in UNTRIED])
def unpacker(request, tmp_path_factory):
    """Each unpacker in turn, that can unpack a sound pack here."""
    need = NEEDS.get(request.param)
    require(need is None or need(), f"no engine for {request.param}")
    place = tmp_path_factory.mktemp("sound")
    data = packs.data_tar([packs.file("DATA/a")])
    path = packs.write_pack(place / "exp.rpz", hostile.CONFIG, data)
    module = hostile.load(request.param)
    with Pack.open(path) as pack:
        try:
            target = module.unpack(pack, place / hostile.TARGET, {})
        except RpzError as error:
            require(None, f"{request.param} can't unpack here: {error}")
    if target is not None:
        module.destroy(target)
    yield request.param
    assert not images()


def images():
    """The images that an engine has of these tests, as far as one runs."""
    if not docker_works():
        return []
    names = subprocess.check_output(["docker", "images", "--format", "{{.Repository}}"], text=True)
    return [name for name in names.splitlines() if hostile.TARGET in name]


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_refused(tmp_path, unpacker, trick):
    path = prepared(tmp_path, trick)
    said = refusal(trick, path, unpacker)
    assert "\n" not in said
    assert untouched(tmp_path)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_every_reader(tmp_path, trick):
    """``check`` says that it is damaged; the others say what is there, or that it is damaged."""
    path = prepared(tmp_path, trick)
    with suppress(RpzError), Pack.open(path, trick.limit) as pack:
        assert _checked(pack, lambda _count: None).faults
    with suppress(RpzError), Pack.open(path, trick.limit) as pack:
        assert bulk(pack.entries(), pack.config) is not None
        assert pack.summary() is not None
    assert untouched(tmp_path)
    (tmp_path / "taken").mkdir()
    with suppress(RpzError, OSError), Pack.open(path, trick.limit) as pack:  # too long a name
        take_out(pack, [b"/"], tmp_path / "taken")
    assert [p.name for p in (tmp_path / "outside").iterdir()] == ["kept"]
    assert (tmp_path / "outside/kept").read_bytes() == b"kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["exp.rpz", "outside", "taken"]


def test_as_an_ordinary_user(tmp_path_factory, capfd):
    require(os.geteuid() == 0, "not root, who can become another user")
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        Path(name).chmod(0o777)
        first = tmp_path_factory.mktemp("first")
        hostile.main(str(first), [t for t in hostile.OTHERS if "end" not in t.name])  # imports
        pid = os.fork()
        if pid == 0:
            _try_as_user(name)
        _, status = os.waitpid(pid, 0)
    assert status == 0, capfd.readouterr().err
    assert f"{len(TRICKS)} refused" in capfd.readouterr().out


def _try_as_user(folder):
    status = 1
    try:
        become(USER)
        tempfile.tempdir = folder
        hostile.main(folder)
        status = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


COMMANDS = (("unpack", "chroot", "exp.rpz", "demo"), ("check", "exp.rpz"), ("info", "exp.rpz"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("name", ["config nests lists", "cut at 0.5", "config obeys"])
def test_one_sentence(rpz, command, name):
    trick = next(trick for trick in TRICKS if trick.name == name)
    prepared(rpz.folder, trick)
    done = rpz(*command)
    told = done.stderr + done.stdout
    assert done.returncode == 1, told
    assert told.decode().rstrip("\n").splitlines()[0].isprintable()
    assert b"Traceback" not in told
    assert b"\x1b" not in told
    assert untouched(rpz.folder)


def test_the_limit_is_raised(rpz):
    bomb = next(trick for trick in TRICKS if trick.name == "bomb: a file")
    prepared(rpz.folder, bomb)
    refused = rpz("unpack", "chroot", "--limit-size", "1M", "exp.rpz", "demo")
    assert (refused.returncode, refused.stderr.count(b"\n")) == (1, 1)
    assert b"--limit-size" in refused.stderr
    assert untouched(rpz.folder)
    assert rpz("unpack", "chroot", "--limit-size", "8M", "exp.rpz", "demo").returncode == 0
    assert (rpz.folder / "demo/root/a").stat().st_size == 4 << 20


def test_a_config_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("rpz.packer.archive.reader.MAX_CONFIG", 1 << 20)
    found = packs.parts(hostile.CONFIG, b"") | {"METADATA/config.yml": bytes(2 << 20)}
    hostile.zipped(*found.items())(tmp_path / "exp.rpz")
    with Pack.open(tmp_path / "exp.rpz") as pack, pytest.raises(RpzError, match="is greater than"):
        assert pack.config


def test_names_that_a_terminal_would_obey(rpz):
    name = "DATA/\x1b]0;owned\x07\x1b[31m\n"
    members = [packs.file(name), packs.file(name)]
    packs.write_pack(rpz.folder / "exp.rpz", hostile.CONFIG, packs.data_tar(members))
    for command in (*COMMANDS, ("ls", "exp.rpz"), ("extract", "exp.rpz", name[4:])):
        done = rpz(*command)
        assert b"\x1b" not in done.stdout + done.stderr, command
        assert b"\x07" not in done.stdout + done.stderr, command
        assert done.returncode in (0, 1), command


def test_holes_are_counted_where_they_become_zeros(tmp_path):
    """A folder has them as holes; an image would be as large as the file seems to be."""
    size = 1 << 33
    path = tmp_path / "exp.rpz"
    hostile.streamed(hostile.sparse(size) + hostile.END)(path)
    with Pack.open(path, 1 << 20) as pack:
        hostile.load("chroot").unpack(pack, tmp_path / "demo", {})
    assert (tmp_path / "demo/root/a").stat().st_size == size
    with Pack.open(path, 1 << 20) as pack, pack.data() as archive:
        members = checked(archive)
        with pytest.raises(RpzError, match="--limit-size"):
            next(members)


SUMMARIES = {
    "nests": b"[" * 60_000,
    "of texts": b'{"files": "a", "folders": [], "links": {}, "bytes": "x", "sha256": 1}',
    "below zero": b'{"files": 1, "folders": 0, "links": 0, "bytes": -1, "sha256": ""}',
    "without end": b'{"files": 1, "folders": 0, "links": 0, "bytes": 1e999, "sha256": ""}',
}


@pytest.mark.parametrize("content", SUMMARIES.values(), ids=SUMMARIES)
def test_a_summary_that_is_none_is_counted_anew(tmp_path, content):
    found = packs.parts(hostile.CONFIG, packs.data_tar([packs.file("DATA/a", b"four")]))
    found["EXTENSIONS/rpz/summary.json"] = content
    packs.write_parts(tmp_path / "exp.rpz", found)
    with Pack.open(tmp_path / "exp.rpz") as pack:
        assert (pack.summary().files, pack.summary().bytes) == (1, 4)


def test_packages_that_nest(rpz):
    found = packs.parts(hostile.CONFIG, packs.data_tar([packs.file("DATA/a")]))
    found["EXTENSIONS/rpz/packages.json"] = b"[" * 300_000
    packs.write_parts(rpz.folder / "exp.rpz", found)
    for command in COMMANDS:
        assert b"Traceback" not in rpz(*command).stderr, command


def test_unknown_keys_do_not_flood_the_terminal(rpz):
    keys = b"".join(b"\nodd%d: 1" % n for n in range(1000))
    found = packs.parts(hostile.CONFIG, packs.data_tar([packs.file("DATA/a")]))
    found["METADATA/config.yml"] += keys
    packs.write_parts(rpz.folder / "exp.rpz", found)
    done = rpz("info", "exp.rpz")
    assert done.returncode == 0
    assert done.stderr.count(b"unknown key") == 11


CAPABILITY = "\1\0\0\2\377\377\377\377" + "\0" * 12


@pytest.mark.parametrize("listed", [False, True])
def test_file_capabilities_are_not_given(tmp_path, listed):
    records = {
        "SCHILY.xattr.security.capability": CAPABILITY,
        "SCHILY.xattr.user.mine": "1",
        "SCHILY.acl.access": "user::rwx,user:1234:rwx,group::r-x,mask::rwx,other::r-x",
    }
    members = [packs.file("DATA/a", b"x", mode=0o755, pax_headers=records)]
    if listed:
        packs.write_parts(tmp_path / "exp.rpz", packs.listed_parts(hostile.CONFIG, members))
    else:
        packs.write_pack(tmp_path / "exp.rpz", hostile.CONFIG, packs.data_tar(members))
    with Pack.open(tmp_path / "exp.rpz") as pack:
        hostile.load("chroot").unpack(pack, tmp_path / "demo", {})
    made = tmp_path / "demo/root/a"
    assert os.listxattr(made) == []
    assert made.stat().st_mode & 0o7777 == 0o755


def test_a_config_that_names_files_outside(rpz):
    """They are the experiment's own, wherever they seem to lead."""
    base = hostile.CONFIG
    odd = InputOutput("out.csv", PosixPath(b"/../../../outside/kept"), (0,), (0,))
    named = InputOutput("../outside/kept", odd.path, (0,), (0,))
    config = replace(base, inputs_outputs=(odd, named))
    data = packs.data_tar(
        [
            packs.member("DATA/up", tarfile.SYMTYPE, linkname=".."),
            packs.folder("DATA/outside"),
            packs.file("DATA/outside/kept", b"inside"),
        ]
    )
    (rpz.folder / "outside").mkdir()
    (rpz.folder / "outside/kept").write_bytes(b"kept")
    packs.write_pack(rpz.folder / "exp.rpz", config, data)
    assert rpz("unpack", "chroot", "exp.rpz", "demo").returncode == 0
    assert rpz("download", "demo", "out.csv:").stdout == b"inside"
    (rpz.folder / "new").write_bytes(b"new")
    assert rpz("upload", "demo", "out.csv:new").returncode == 0
    assert rpz("upload", "demo", "/up/up/outside/kept:new").returncode == 0
    assert rpz("download", "demo", "--all").returncode == 1
    assert (rpz.folder / "outside/kept").read_bytes() == b"kept"
    assert (rpz.folder / "demo/root/outside/kept").read_bytes() == b"new"
