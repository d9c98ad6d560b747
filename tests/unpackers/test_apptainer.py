"""What only the apptainer unpacker promises.

No Apptainer is to be had for the machines that test: the definition file is held against the
documented format, and what rpz would have it do against the documented options.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rpz.packer.archive.reader import Pack
from rpz.unpackers import apptainer, chroot
from rpz.unpackers.apptainer import engine
from rpz.unpackers.apptainer.definition import definition
from rpz.unpackers.errors import SandboxError
from rpz.unpackers.job import as_traced
from tests.unpackers import packs

HEADERS = {"bootstrap", "from"}
"""The keywords of a header that starts from a local image; there are more for others."""
SECTIONS = {
    *("setup", "files", "environment", "post", "runscript", "startscript"),
    *("test", "labels", "help", "pre", "arguments"),
}


def parsed(text):
    """Read a definition file as its documentation says: a header, then sections."""
    lines = iter(text.splitlines())
    header, sections, section = {}, {}, None
    for line in lines:
        words = line.split()
        if words and words[0].startswith("%"):
            section = words[0][1:]
            assert section in SECTIONS
            sections.setdefault(section, [])
        elif section is not None:
            sections[section].append(line.strip())
        elif words and not line.startswith("#"):
            key, colon, value = line.partition(":")
            assert colon
            assert key.strip().lower() in HEADERS
            header[key.strip().lower()] = value.strip()
    return header, sections


def test_definition(rpz, pack):
    assert rpz("unpack", "apptainer", pack(("status", "0")), "demo").returncode == 0
    text = (rpz.folder / "demo" / "experiment.def").read_text("ascii")
    assert text.startswith("Bootstrap:")
    header, sections = parsed(text)
    assert header == {"bootstrap": "localimage", "from": "root"}
    assert (rpz.folder / "demo" / header["from"]).is_dir()
    assert sections["runscript"][0] == 'exec /.rpz/init "$@"'
    assert "rpz.pack_id 0f6cf1b1-0000-5000-8000-000000000000" in sections["labels"]
    assert set(sections) == {"runscript", "labels", "help"}


@pytest.mark.parametrize("text", ["x\n%post\n    evil", "%setup", "a b", "", None])
def test_a_pack_adds_no_sections(text):
    """What is in %setup and %post is executed when the image is built."""
    config = replace(packs.config(("status", "0")), pack_id=text)
    _, sections = parsed(definition(config, "root"))
    assert set(sections) == {"runscript", "labels", "help"}
    assert "evil" not in definition(config, "root")


def test_runs_without_rpz(rpz, pack, chroot_allowed):
    """The sandbox is a root with a program that performs the runs, for any engine."""
    del chroot_allowed
    commands = (("copy", "data.csv", "out.csv"), ("status", "4"))
    assert rpz("unpack", "apptainer", pack(*commands), "demo").returncode == 0
    root = rpz.folder / "demo" / "root"
    options = ["--root", root] if os.geteuid() == 0 else ["--map-root-user", "--root", root]
    argv = ["unshare", "--mount", *options, "/.rpz/init"]
    assert subprocess.run([*argv, "0"], check=False).returncode == 0
    assert subprocess.run([*argv, "1"], check=False).returncode == 4
    assert rpz("download", "demo", "out.csv:").stdout == packs.DATA


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_the_packs_own_rpz_folder(rpz, probe, kind):
    members = packs.experiment(probe)
    there = packs.folder("DATA/.rpz")
    members.append(there if kind == "folder" else packs.member("DATA/.rpz", b"2", linkname="/etc"))
    config = packs.config(("status", "0"))
    packs.write_pack(rpz.folder / "exp.rpz", config, packs.data_tar(members))
    result = rpz("unpack", "apptainer", "exp.rpz", "demo")
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)
    assert not (rpz.folder / "demo").exists()


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """A program called apptainer that writes down its arguments, and then does as it is told."""
    programs = tmp_path / "programs"
    programs.mkdir()

    def install(action):
        program = programs / "apptainer"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" >{tmp_path}/said\n{action}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        return tmp_path / "said"

    return install


def test_the_image_is_built(tmp_path, pack, recorder):
    said = recorder("echo image >$2")
    with Pack.open(pack(("status", "0"))) as opened:
        apptainer.unpack(opened, tmp_path / "demo", {})
    words = said.read_text().splitlines()
    assert words == [str(tmp_path / "demo"), "build", "experiment.sif", "experiment.def"]
    assert (tmp_path / "demo" / "experiment.sif").exists()


def test_only_the_sandbox(tmp_path, pack, recorder):
    said = recorder("exit 1")
    with Pack.open(pack(("status", "0"))) as opened:
        apptainer.unpack(opened, tmp_path / "demo", {"sandbox": True})
    assert not said.exists()


def test_a_build_that_fails_is_told(rpz, pack, recorder):
    recorder("echo 'FATAL: no space' >&2; exit 255")
    environment = {"PATH": os.environ["PATH"]}
    result = rpz("unpack", "apptainer", pack(("status", "0")), "demo", env=environment)
    assert result.returncode == 0
    assert b"experiment.sif was not made: apptainer failed with status 255" in result.stderr
    assert (rpz.folder / "demo" / "root").is_dir()


def test_by_apptainer_where_only_it_may_isolate(tmp_path, pack, recorder, monkeypatch):
    with Pack.open(pack(("status", "0"))) as opened:
        made = apptainer.unpack(opened, tmp_path / "demo", {"sandbox": True})

    def refused(*_):
        raise SandboxError("not here")

    monkeypatch.setattr(chroot, "isolated", refused)
    said = recorder("kill -SEGV $$")
    job = as_traced(made, 0)
    changed = replace(job, run=replace(job.run, argv=("probe", "status", "5")))
    assert apptainer.run(made, changed) == 128 + signal.SIGSEGV
    words = said.read_text().splitlines()[1:]
    assert words[:2] == ["--silent", "exec"]
    assert words[-3:] == [str(tmp_path / "demo" / "root"), "/.rpz/init", "0"]
    assert "--writable" in words
    assert "--network" in words
    assert b"\0005\0" in (tmp_path / "demo" / "root" / ".rpz" / "runs" / "0").read_bytes()
    assert "--network" not in engine.command("apptainer", Path("root"), 0, network=True)


def test_without_any_isolation_it_is_said(tmp_path, pack, monkeypatch):
    with Pack.open(pack(("status", "0"))) as opened:
        made = apptainer.unpack(opened, tmp_path / "demo", {"sandbox": True})

    def refused(*_):
        raise SandboxError("not here")

    monkeypatch.setattr(chroot, "isolated", refused)
    monkeypatch.setattr(engine, "installed", lambda: None)
    with pytest.raises(SandboxError):
        apptainer.run(made, as_traced(made, 0))
