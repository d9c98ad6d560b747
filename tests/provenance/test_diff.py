"""Pairs of real runs, each with one planted cause, which must come first."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rpz.commands.why import BEFORE_OUTPUTS
from rpz.provenance.diff.side import without_random_parts
from rpz.provenance.within import within
from tests.conftest import require

SCRIPT = """\
cat in.txt p.json > mid.txt
sort mid.txt | tr 1 2 > out.txt
echo "$*" "$STATUS" >> out.txt
date +%s%N > tmp.$$; rm tmp.$$
exit ${STATUS:-0}
"""


@pytest.fixture
def experiment(rpz):
    """Trace ``sh a.sh`` as a trace of some name."""
    folder = rpz.folder / "work"
    folder.mkdir()
    (folder / "in.txt").write_text("1\n")
    (folder / "p.json").write_text('{"gain": 2}\n')
    (folder / "a.sh").write_text(SCRIPT)
    there = type(rpz)(folder, rpz.environment)

    def trace(name, *words, **options):
        done = there("trace", "-d", rpz.folder / name, *(words or ("sh", "a.sh")), **options)
        assert done.returncode in {0, 3}, done.stderr

    trace.folder = folder
    return trace


def diff(rpz, one="one", other="other", *words, status=1):
    done = rpz("diff", one, other, "--json", *words)
    assert (done.returncode, done.stderr) == (status, b"")
    return {kind: found for kind, found in json.loads(done.stdout).items() if found}


def causes(rpz, name="out.txt", one="one", other="other"):
    done = rpz("why", one, other, name, "--json")
    assert (done.returncode, done.stderr) == (1, b"")
    return json.loads(done.stdout)


def names(found):
    return [difference["name"].rpartition("/")[2] for difference in found]


def test_equal_runs(rpz, experiment):
    experiment("one")
    experiment("other")
    assert diff(rpz, status=0) == {}
    done = rpz("diff", "one", "other")
    assert (done.returncode, done.stdout) == (0, b"The runs are the same.\n")
    done = rpz("why", "one", "other", "out.txt")
    assert (done.returncode, b"is the same" in done.stdout) == (0, True)
    (rpz.folder / "one" / "config.yml").unlink()  # nothing but the trace is needed
    assert diff(rpz, status=0) == {}


def test_another_input_byte(rpz, experiment):
    experiment("one")
    (experiment.folder / "in.txt").write_text("5\n")
    experiment("other")
    found = diff(rpz)
    assert next(iter(found)) == "inputs"
    assert names(found["inputs"]) == ["in.txt"]
    assert names(found["outputs"]) == ["mid.txt", "out.txt"]
    # Of the first run that is what the second one has kept before it wrote
    assert {"-2", "+5"} <= set(found["outputs"][1]["detail"].splitlines())
    answer = causes(rpz)
    assert names({"name": c["file"]} for c in answer["causes"]) == ["in.txt"]
    way = [step["file"].rpartition("/")[2] for step in answer["causes"][0]["way"]]
    assert way[0] == "out.txt"
    assert way[-1] == "in.txt"


def test_another_parameter(rpz, experiment):
    experiment("one")
    (experiment.folder / "p.json").write_text('{"gain": 3}\n')
    experiment("other")
    found = diff(rpz)
    assert next(iter(found)) == "parameters"
    (gain,) = found["parameters"]
    assert (gain["one"], gain["other"]) == ("2", "3")
    assert gain["name"].startswith("gain of ")


def test_another_argument(rpz, experiment):
    experiment("one", "sh", "a.sh", "--seed=1")
    experiment("other", "sh", "a.sh", "--seed=2")
    found = diff(rpz)
    assert found["parameters"][0] == {"name": "seed", "one": "1", "other": "2", "detail": ""}
    assert "processes" not in found
    answer = causes(rpz)
    assert answer["causes"] == []
    assert first_other(answer) == ("parameters", "seed")
    assert b"parameters: seed: 1 -> 2\n" in rpz("why", "one", "other", "out.txt").stdout
    shutil.copytree(rpz.folder / "one", rpz.folder / "earlier")
    compared_with_an_earlier_rpz(rpz)


def compared_with_an_earlier_rpz(rpz):
    """What its trace doesn't tell is said, and is no difference; what it tells is compared."""
    with contextlib.closing(sqlite3.connect(rpz.folder / "earlier" / "trace.sqlite3")) as database:
        database.executescript("DROP TABLE facts; DROP TABLE packages; DROP TABLE package_files")
    done = rpz("diff", "one", "earlier")
    assert (done.returncode, done.stdout) == (0, b"Nothing differs that the traces tell.\n")
    assert done.stderr.startswith(b"rpz: earlier is of an earlier rpz: it doesn't tell by whom")
    found = json.loads(rpz("diff", "earlier", "other", "--json").stdout)
    assert [d["name"] for d in found["parameters"]] == ["seed", "command"]
    assert [kind for kind in found if found[kind]] == ["parameters", "outputs", "unknown"]
    (rpz.folder / "earlier" / "config.yml").unlink()  # it is what tells of its packages
    assert json.loads(rpz("diff", "one", "earlier", "--json").stdout)["packages"]


def first_other(answer):
    """Return the first that is no file of what may be the cause: its kind and name."""
    found = {kind: answer[kind] for kind in BEFORE_OUTPUTS if answer[kind]}
    kind = next(iter(found))
    return kind, found[kind][0]["name"]


def test_another_variable_and_another_end(rpz, experiment):
    experiment("one", env={"STATUS": "0"})
    experiment("other", env={"STATUS": "3"})
    found = diff(rpz)
    assert next(iter(found)) == "environment"
    assert found["environment"] == [{"name": "STATUS", "one": "0", "other": "3", "detail": ""}]
    assert found["outputs"][0]["other"] == "exit status 3"
    answer = causes(rpz)
    assert answer["causes"] == []
    assert first_other(answer) == ("environment", "STATUS")


def test_another_number_of_processors(rpz, experiment):
    require("taskset", "no taskset (on Debian and Ubuntu: apt-get install util-linux)")
    allowed = sorted(os.sched_getaffinity(0))
    require(len(allowed) > 1, "there is one processor only")
    experiment("one", "sh", "-c", "nproc > out.txt")
    os.sched_setaffinity(0, allowed[:1])
    try:
        experiment("other", "sh", "-c", "nproc > out.txt")
    finally:
        os.sched_setaffinity(0, allowed)
    found = diff(rpz)
    assert next(iter(found)) == "host"
    (processors,) = found["host"]
    told = (processors["name"], processors["one"], processors["other"])
    assert told == ("usable processors", str(len(allowed)), "1")
    answer = causes(rpz)
    assert answer["causes"] == []
    assert first_other(answer) == ("host", "usable processors")


def test_chance(rpz, experiment):
    """Nothing differs that is known, but for what a random device gave."""
    for name in ("one", "other"):
        experiment(name, "sh", "-c", "od -An -N16 -tx1 /dev/urandom > out.txt")
    assert list(diff(rpz)) == ["outputs"]
    done = rpz("why", "one", "other", "out.txt")
    assert b"It may be chance: random device: /dev/urandom\n" in done.stdout


def test_another_program(rpz, experiment):
    experiment("one")
    script = experiment.folder / "a.sh"
    script.write_text(SCRIPT.replace("tr 1 2", "tr 1 3 | tr 9 8"))
    experiment("other")
    found = diff(rpz)
    assert names(found["inputs"]) == ["a.sh"]
    told = {(d["name"], d["one"], d["other"]) for d in found["processes"]}
    assert told == {("tr", "tr 1 2", "tr 1 3"), ("tr 9 8", None, "ran")}


def test_code_of_a_repository(rpz, experiment):
    require("git", "no git")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (["init", "-q"], ["add", "a.sh"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=experiment.folder, check=True)
    experiment("one")
    (experiment.folder / "a.sh").write_text(SCRIPT.replace("tr 1 2", "tr 1 7"))
    experiment("other")
    found = diff(rpz)
    assert next(iter(found)) == "code"
    assert "+sort mid.txt | tr 1 7 > out.txt" in found["code"][0]["detail"]
    shown = rpz("diff", "one", "other").stdout.decode()
    assert shown.startswith("code\n  uncommitted changes of ")


def test_an_edited_library_and_an_upgraded_package(rpz, experiment, tmp_path):
    """In a virtual environment; first the version stays."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    info = site / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "RECORD").write_text("toy.py,,\ntoy-1.0.dist-info/METADATA,,\n")
    program = ("-B", "-c", "import toy; open('out.txt', 'w').write(str(toy.x))")
    (site / "toy.py").write_text("x = 1\n")
    experiment("one", venv / "bin/python", *program)
    (site / "toy.py").write_text("x = 2\n")
    experiment("other", venv / "bin/python", *program)
    found = diff(rpz)
    assert next(iter(found)) == "packages"
    (package,) = found["packages"]
    assert package["name"].startswith("toy (")
    assert package["other"] == "1.0, with 1 file changed"
    assert causes(rpz)["causes"][0]["file"].endswith("/toy.py")

    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 2.0\n")
    shutil.move(info, site / "toy-2.0.dist-info")
    (site / "toy-2.0.dist-info" / "RECORD").write_text("toy.py,,\n")
    (site / "toy.py").write_text("x = 3\n")
    experiment("third", venv / "bin/python", *program)
    found = diff(rpz, "other", "third", status=1)
    assert next(iter(found)) == "packages"
    (package,) = (p for p in found["packages"] if p["name"].startswith("toy"))
    assert (package["one"], package["other"]) == ("1.0", "2.0")
    answer = causes(rpz, "out.txt", "other", "third")
    assert answer["causes"][0]["package"] == "toy 1.0 -> 2.0"
    assert answer["causes"][0]["file"].endswith("/toy.py")


def test_runs_of_one_trace_and_of_a_pack(rpz, experiment):
    experiment("one")
    (experiment.folder / "in.txt").write_text("5\n")
    experiment("one", "--continue", "sh", "a.sh")
    assert names(diff(rpz, "one:0", "one:run1")["inputs"]) == ["in.txt"]
    assert rpz("pack", "-d", "one", "--allow-changed", "pack.rpz").returncode == 0
    assert names(diff(rpz, "one:0", "pack.rpz:1")["inputs"]) == ["in.txt"]
    assert diff(rpz, "one:1", "pack.rpz:1", status=0) == {}


def test_another_folder(rpz, experiment):
    experiment("one")
    moved = experiment.folder.with_name("moved")
    shutil.move(experiment.folder, moved)
    there = type(rpz)(moved, rpz.environment)
    assert there("trace", "-d", rpz.folder / "other", "sh", "a.sh").returncode == 0
    assert "inputs" in diff(rpz)
    assert diff(rpz, "one", "other", "--map", f"{experiment.folder}={moved}", status=0) == {}


def test_another_home(rpz, experiment):
    """Of somebody else, who has the same files there."""
    homes = [rpz.folder / name for name in ("ada", "bob")]
    for name, home in zip(("one", "other"), homes, strict=True):
        shutil.copytree(experiment.folder, home)
        there = type(rpz)(home, rpz.environment)
        env = {"HOME": str(home)}
        assert there("trace", "-d", rpz.folder / name, "sh", "a.sh", env=env).returncode == 0
    assert diff(rpz, status=0) == {}


@pytest.mark.parametrize("words", [("missing", "one"), ("one", "missing"), ("one:7", "one"),
                                   ("one", "one", "--map", "x")])  # fmt: skip
def test_trouble_has_a_status_of_its_own(rpz, experiment, words):
    experiment("one")
    for command in (("diff", *words), ("why", *words, "out.txt")):
        done = rpz(*command)
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
        assert done.stdout == b""


def test_numbered_files_below_tmp_are_files_of_their_own(rpz):
    """The names are the same in both runs: nothing about them is random."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="numbered") as folder:
        script = (
            'cp "$0" result1.csv; echo same >result2.csv; cp "$0" "$(mktemp -d tmp.XXXXXXXX)/c"'
        )
        given = Path(folder) / "in"
        for name in ("one", "other"):
            given.write_text(name)
            command = ("sh", "-c", f'cd "{folder}"; {script}', "in")
            assert rpz("trace", "-d", name, *command).returncode == 0
        found = diff(rpz)
        assert sorted(names(found["outputs"])) == ["c", "result1.csv"]
        assert names(found["inputs"]) == ["in"]
        assert [c["file"] for c in causes(rpz, "result1.csv")["causes"]] == [f"{folder}/in"]


def test_what_is_not_recorded_is_not_the_same(rpz, tmp_path):
    for name in ("one", "other"):
        (tmp_path / "in").write_text(name)
        assert rpz("trace", "--no-hash", "-d", name, "cp", "in", "out").returncode == 0
    done = rpz("diff", "one", "other")
    assert done.returncode == 0
    assert b"Nothing differs that the traces tell; of 1 input they don't tell" in done.stdout
    done = rpz("why", "one", "other", "out")
    assert (done.returncode, b"don't tell what out held" in done.stderr) == (2, True)


def test_why_of_what_nobody_wrote(rpz, experiment):
    experiment("one")
    done = rpz("why", "one", "one", "in.txt")
    assert done.returncode == 2
    assert b"Neither run wrote in.txt" in done.stderr


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/tmp/tmpab3d_x9k/data", b"/tmp/tmpzz8q1w2e/data"),
        (b"/tmp/tmp.Xa19bKq2wE", b"/tmp/tmp.Ya29bKq2wF"),
        (b"/tmp/work/tmp.29930", b"/tmp/work/tmp.30047"),
        (b"/var/tmp/ccA1b2C3.s", b"/var/tmp/ccZ9y8X7.s"),
    ],
)
def test_random_names_are_the_same(one, other):
    assert without_random_parts(one) == without_random_parts(other) != one


@pytest.mark.parametrize(
    "path", [b"/home/me/tmpab3d_x9k", b"/tmp/results.csv", b"/tmp/experiment/data", b"/tmp/run.12"]
)
def test_other_names_stay(path):
    assert without_random_parts(path) == path


def test_folders_that_are_called_otherwise(rpz, experiment, tmp_path):
    """Nothing is equal by its path; what helps is told, and does."""
    experiment("one")
    (tmp_path / "work").rename(tmp_path / "again")
    experiment.folder = tmp_path / "again"
    done = type(rpz)(tmp_path / "again", rpz.environment)("trace", "-d", "../other", "sh", "a.sh")
    assert done.returncode in {0, 3}, done.stderr
    told = f"To take the runs' folders for one: --map {tmp_path}/work={tmp_path}/again"
    assert told in rpz("diff", "one", "other").stderr.decode()
    assert told in rpz("why", "one", "other", "out.txt").stderr.decode()
    done = rpz("diff", "one", "other", "--map", f"{tmp_path}/work={tmp_path}/again")
    assert (done.stdout, done.stderr) == (b"The runs are the same.\n", b"")


@pytest.mark.parametrize(
    ("argument", "without"),
    [
        (b"-plugin-opt=-fresolution=/tmp/ccQjfvKD.res", b"-plugin-opt=-fresolution=/tmp/cc*.res"),
        (b"cat /tmp/tmp1a2b3c4d/x >'/var/tmp/AbCd1234'", b"cat /tmp/tmp*/x >'/var/tmp/*'"),
        (b"/home/me/tmp/tmp1a2b3c4d", b"/home/me/tmp/tmp1a2b3c4d"),
    ],
)
def test_random_names_in_an_argument(argument, without):
    assert without_random_parts(argument) == without


def test_secrets_are_withheld(rpz, experiment):
    """They differ, and nobody is told what they are; a pack withholds them as its trace does."""
    for name in ("one", "other"):
        command = ("sh", "-c", f"echo --password hunter2{name} > out.txt")
        experiment(name, *command, env={"MY_TOKEN": f"abcdefgh{name}"})
    done = rpz("diff", "one", "other", "--all")
    assert done.returncode == 1
    assert b"MY_TOKEN\n    - <redacted>\n    + <redacted>\n" in done.stdout
    assert b"hunter2" not in done.stdout
    assert b"abcdefgh" not in done.stdout
    assert b"abcdefgh" not in rpz("why", "one", "other", "out.txt").stdout
    assert rpz("pack", "-d", "one", "one.rpz").returncode == 0
    assert diff(rpz, "one", "one.rpz", status=0) == {}


def test_what_differs_in_packed_inputs(rpz, experiment):
    given = experiment.folder / "in.txt"
    for name in ("one", "other"):
        given.write_text(f"first\n{name}\n")
        experiment(name)
        assert rpz("pack", "-d", name, f"{name}.rpz").returncode == 0
    given.unlink()
    (found,) = diff(rpz, "one.rpz", "other.rpz")["inputs"]
    assert found["detail"] == "@@ -2 +2 @@\n-one\n+other"


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (b"a 1.0 2\n", b"a 1.1 2\n", "1 of 2 numbers differ, by at most 0.091 of their size"),
        (b"a\nb\n", b"a\nc\n", "@@ -2 +2 @@"),
        (b"a\n", b"a", "the same up to byte 1"),
        (b"\0ab", b"\0ac", "the same up to byte 2"),
        (b"1 " * 70_000, b"1 " * 69_999 + b"2 ", "the same up to byte 139998"),
        (b"inf 1", b"nan 1", "1 of 2 numbers differ, by at most inf of their size"),
        (b"0 0", b"0.0 -0", ""),
    ],
)
def test_within(tmp_path, one, other, told):
    for name, content in (("one", one), ("other", other)):
        (tmp_path / name).write_bytes(content)
    assert within(tmp_path / "one", tmp_path / "other").startswith(told)


def test_within_images(tmp_path):
    require(importlib.util.find_spec("PIL"), "Pillow is not installed: pip install pillow")
    image = importlib.import_module("PIL.Image")
    one = image.new("L", (4, 5), 10)
    one.save(tmp_path / "one.png")
    one.putpixel((1, 1), 17)
    one.save(tmp_path / "other.png")
    image.new("L", (3, 5)).save(tmp_path / "small.png")
    told = within(tmp_path / "one.png", tmp_path / "other.png")
    assert told == "5.0% of the pixels differ, by at most 7 of 255"
    assert within(tmp_path / "one.png", tmp_path / "small.png") == "4 x 5 and 3 x 5 pixels"
