"""Faults of ReproZip, CDE and CARE that concern packing: each is shown not to be here.

Elsewhere: what a run changes or removes is packed as it was (``tests/cases/changed-inputs``),
renamed files (``test_select.py``), merged ``/usr`` (``packages/test_dpkg.py``), names that aren't
UTF-8 (``tests/cases/odd-names``), Python's own modules (``tests/cases/enzyme-kinetics``), the run's
exit status (``tests/cases/exit-status``), sockets (``test_select.py``), patterns gone from the
packed ``config.yml`` and files in it that aren't there (``test_pack.py``), data in ``/dev/shm``
(``closure/test_account.py``), a script's name for itself (``tests/cases/script-name``).
"""

from __future__ import annotations

import os
import stat
import sys

import pytest

from rpz.packer.archive.reader import Pack


@pytest.fixture
def journey(rpz, tmp_path, native_tracer, chroot_allowed):
    """Trace a shell script or a command, pack it, replay it, compare the outputs."""
    del native_tracer, chroot_allowed
    work = tmp_path / "work"
    work.mkdir()
    there = type(rpz)(work, rpz.environment)

    def trace_and_verify(*command, patterns=()):
        argv = command if len(command) > 1 else ("sh", "-c", *command)
        done = there("trace", "--overwrite", *argv)
        assert done.returncode == 0, done.stderr.decode()
        if patterns:
            config = work / ".rpz-trace" / "config.yml"
            lines = "".join(f"\n  - {pattern}" for pattern in patterns)
            config.write_text(f"{config.read_text()}\nadditional_patterns:{lines}\n")
        done = there("pack", "--overwrite", "--verify")
        assert done.returncode == 0, done.stderr.decode()
        return done.stderr.decode()

    trace_and_verify.folder = work
    trace_and_verify.rpz = there
    return trace_and_verify


def packed(folder):
    with Pack.open(folder / "experiment.rpz") as opened, opened.data() as tar:
        return {info.name.removeprefix(f"DATA{folder}/"): info for info in tar}


def test_names_that_yaml_would_read_otherwise(journey):
    """ReproZip writes them without quotes: its ``pack`` crashes, or leaves the file out."""
    names = ["a: b.txt", "x #y.txt", "- [z", "'", "~", "yes", "!x", "&a", "*b", "{c", "%d", "@e"]
    for name in names:
        (journey.folder / name).write_text(name)
    told = journey("cat", "--", *names)
    told += journey('cat "a: b.txt" "x #y.txt" > "out: #"')
    assert "out: #: the same bytes" in told
    assert "Not packed" not in told


def test_two_entries_with_one_path(journey):
    """ReproZip's reader dies of them: 'list' object has no attribute 'update'."""
    (journey.folder / "in").write_text("1")
    journey("cat in > out")
    config = journey.folder / ".rpz-trace" / "config.yml"
    text = config.read_text()
    entry = text[text.index("  - name: ") : text.index("  - name: ") + 400].split("  - name:")[1]
    config.write_text(text.replace("inputs_outputs:\n", f"inputs_outputs:\n  - name:{entry}", 1))
    done = journey.rpz("pack", "--overwrite")
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"rpz: ")


def test_an_unknown_key_is_named(journey):
    """ReproZip says "File #%d has invalid keys", the number never put in."""
    (journey.folder / "in").write_text("1")
    journey("cat in > out")
    config = journey.folder / ".rpz-trace" / "config.yml"
    text = config.read_text()
    assert "\n  - name: " in text
    config.write_text(text.replace("\n  - name: ", "\n  - colour: blue\n    name: ", 1))
    done = journey.rpz("pack", "--overwrite")
    assert b"colour" in done.stderr
    assert b"%d" not in done.stderr


def test_both_names_of_a_hard_link(journey):
    """They are one file in the replay, too."""
    (journey.folder / "a").write_text("1")
    (journey.folder / "b").hardlink_to(journey.folder / "a")
    journey("cat a b > out; [ a -ef b ] && echo one >> out; stat -c %h a >> out")


def test_both_names_of_a_hard_link_that_the_run_changes(journey):
    """They are one file also where both are packed from the copy of what it was."""
    (journey.folder / "a").write_text("1")
    (journey.folder / "b").hardlink_to(journey.folder / "a")
    journey("cat b > out; echo 2 > a; cat b >> out; [ a -ef b ] && echo one >> out")
    names = packed(journey.folder)
    assert {names[name].islnk() for name in "ab"} == {True, False}


def test_a_link_that_the_run_turns_elsewhere(journey):
    """ReproZip resolves links after the run: it packs what the link leads to then."""
    for name in ("v1", "v2"):
        (journey.folder / name).mkdir()
        (journey.folder / name / "data").write_text(name)
    (journey.folder / "current").symlink_to("v1")
    journey("cat current/data > out; ln -sfn v2 current; cat current/data >> out")
    assert (journey.folder / "out").read_text() == "v1v2"
    assert packed(journey.folder)["current"].linkname == "v1"


def test_a_link_that_the_run_removes(journey):
    (journey.folder / "data").write_text("1")
    (journey.folder / "link").symlink_to("data")
    journey("cat link > out; rm link")


def test_a_file_that_is_listed_and_then_read(journey):
    """CARE stores it with no bytes."""
    (journey.folder / "in").write_text("1")
    journey("ls in > out; cat in >> out")
    assert packed(journey.folder)["in"].size == 1


def test_files_that_are_named_from_an_open_folder(journey):
    """CDE loses them: it takes the descriptor for a wrong number."""
    (journey.folder / "d" / "e").mkdir(parents=True)
    (journey.folder / "d" / "e" / "in").write_text("1")
    journey("cp -r d copy; rm -r copy/e/in; cat d/e/in > out; find d -type f -exec cat {} + >> out")


def test_a_chain_of_interpreters(journey):
    """Each is packed, and the script starts."""
    (journey.folder / "top").write_text(f"#!{journey.folder}/middle\nbody\n")
    (journey.folder / "middle").write_text("#!/bin/sh\ncat $1 > out\n")
    for name in ("top", "middle"):
        (journey.folder / name).chmod(0o755)
    journey(str(journey.folder / "top"), "word")


def test_a_module_that_is_found_by_its_folder(journey):
    """Sciunit's and CDE's replay of Python fails: of what was only looked at, they pack nothing."""
    (journey.folder / "pack").mkdir()
    (journey.folder / "pack" / "__init__.py").write_text("")
    (journey.folder / "pack" / "m.py").write_text("x = 3\n")
    (journey.folder / "n.py").write_text(
        "import csv, json, subprocess, pack.m\n"
        "open('out', 'w').write(subprocess.run(['cat', 'n.py'], capture_output=True, text=True)"
        ".stdout + str(pack.m.x))\n"
    )
    journey(sys.executable, "n.py")


def test_the_mask_of_new_files_is_left_alone(journey):
    """CDE sets it to 0: everybody may write in what the program and CDE itself make."""
    before = os.umask(0o027)
    try:
        journey("echo 1 > made; stat -c %a made > out")
    finally:
        os.umask(before)
    assert (journey.folder / "out").read_text() == "640\n"
    assert stat.S_IMODE((journey.folder / "experiment.rpz").stat().st_mode) == 0o640


def test_a_pack_is_no_part_of_itself(journey):
    """CARE tries to archive its own output."""
    (journey.folder / "in").write_text("1")
    (journey.folder / "more").write_text("2")
    (journey.folder / "experiment.rpz").write_text("an older one")
    told = journey("cat in > out", patterns=[f"{journey.folder}/**"])
    names = set(packed(journey.folder))
    assert {"in", "more"} <= names
    assert not [name for name in names if "experiment" in name or ".rpz-trace" in name], told


def test_no_message_shows_bytes_as_python_does(journey):
    r"""ReproZip prints paths as ``b'…'``."""
    (journey.folder / "in").write_text("1")
    told = journey("cat in > out; rm in")
    done = journey.rpz("pack", "--overwrite", "-v")
    assert "b'" not in told + done.stderr.decode()
    done = journey.rpz("pack")
    assert b"b'" not in done.stderr


def test_an_input_outside_the_working_folder_that_is_named(journey, tmp_path):
    """ReproZip has no inputs in /usr/local and /var, whatever the command says."""
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "data").write_text("1")
    journey("cat", str(folder / "data"))
    with Pack.open(journey.folder / "experiment.rpz") as opened:
        assert [str(file.path) for file in opened.config.inputs_outputs] == [str(folder / "data")]
