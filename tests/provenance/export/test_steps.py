"""Runs as steps for GNU make, Snakemake and DataLad: each real one leaves what the runs left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import require, rpz_in

SQUARE = 'x=$(cat "$1"); echo $((x*x)) > "$2"; echo k > log'
SECOND = '#!/bin/sh\ncat log "$1" > "c d.txt"; printf %s "$2" > "$3"; exit 3\n'
DATA = "a=1 b$c:d#%x.txt"
TOLD = "l1\nl'2 {y} $HOME"
LEFT = ["log", "sub/sq=1.txt", "sub/c d.txt", "sub/e%f", "sub/log"]


def traced(folder, data):
    """Trace two runs, the second in a folder below; it uses what the first has left, and fails."""
    rpz = rpz_in(folder)
    (folder / "sub").mkdir()
    (folder / data).write_text("5\n")
    (folder / "square.sh").write_text(SQUARE)
    (folder / "sub" / "two.sh").write_text(SECOND)
    (folder / "sub" / "two.sh").chmod(0o755)
    command = ["sh", "square.sh", data, "sub/sq=1.txt"]
    assert rpz("trace", "--name", "square", *command).returncode == 0
    script = 'cp ../log .; ./two.sh "$@"'
    command = ["sh", "-c", script, "x", "sq=1.txt", TOLD, "e%f"]
    more = ["-d", "../.rpz-trace", "--continue", "--name", "two 2"]
    assert rpz_in(folder / "sub")("trace", *more, *command).returncode == 3
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return traced(tmp_path_factory.mktemp("runs"), DATA)


def exported(folder, form):
    done = rpz_in(folder)("export", f"--{form}", "-")
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture
def anew(runs, tmp_path):
    """A folder that has what the runs have read, and nothing that they left."""
    (tmp_path / "sub").mkdir()
    for name in (DATA, "square.sh", "sub/two.sh"):
        shutil.copy(runs / name, tmp_path / name)
    return tmp_path


def assert_same(one, other):
    for name in LEFT:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def called(folder, *argv, env=None):
    done = subprocess.run(
        argv, cwd=folder, capture_output=True, check=False, env={**os.environ, **(env or {})}
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


class TestMake:
    def test_it_leaves_what_the_runs_left(self, runs, anew):
        require("make", "no make (on Debian and Ubuntu: apt-get install make)")
        (anew / "Makefile").write_bytes(exported(runs, "make"))
        status, words = called(anew, "make")
        assert status == 0, words
        assert_same(anew, runs)
        assert called(anew, "make", "-q")[0] == 0
        (anew / "sub" / "two.sh").write_text(SECOND.replace("log", "log log"))
        assert called(anew, "make")[0] == 0
        assert (anew / "sub" / "c d.txt").read_text() == "k\nk\n25\n"

    def test_another_status_is_a_failure(self, runs, anew):
        require("make", "no make (on Debian and Ubuntu: apt-get install make)")
        (anew / "Makefile").write_bytes(exported(runs, "make"))
        (anew / "sub" / "two.sh").write_text(SECOND.replace("exit 3", "exit 4"))
        assert called(anew, "make")[0] == 2

    def test_a_run_of_make_has_the_rules_of_make(self, rpz):
        require("make", "no make (on Debian and Ubuntu: apt-get install make)")
        (rpz.folder / "makefile").write_text("all: x\n")
        (rpz.folder / "x.sh").write_text("echo 1\n")  # that x is made of, by such a rule
        assert rpz("trace", "make").returncode == 0
        (rpz.folder / "x").unlink()
        (rpz.folder / "again.mk").write_bytes(exported(rpz.folder, "make"))
        status, words = called(rpz.folder, "make", "-f", "again.mk")
        assert status == 0, words
        assert (rpz.folder / "x").exists()

    def test_names_that_are_not_utf_8(self, rpz):
        require("make", "no make (on Debian and Ubuntu: apt-get install make)")
        assert rpz("trace", b"sh", b"-c", b"echo 1 > \xff").returncode == 0
        (rpz.folder / "Makefile").write_bytes(exported(rpz.folder, "make"))
        (rpz.folder / os.fsdecode(b"\xff")).unlink()
        assert called(rpz.folder, "make")[0] == 0
        assert Path(os.fsdecode(bytes(rpz.folder) + b"/\xff")).read_text() == "1\n"
        assert b"not UTF-8, which Snakemake wants" in rpz("export", "--snakemake", "-").stderr


def tool(name):
    found = os.environ.get(f"RPZ_{name.upper()}") or shutil.which(name)
    require(bool(found), f"no {name}: set RPZ_{name.upper()} to one")
    return str(found)


def test_snakemake_leaves_what_the_runs_left(runs, anew):
    program = tool("snakemake")
    (anew / "Snakefile").write_bytes(exported(runs, "snakemake"))
    home = {"HOME": str(anew), "XDG_CACHE_HOME": str(anew / "cache")}
    status, words = called(anew, program, "--cores", "1", env=home)
    assert status == 0, words
    assert_same(anew, runs)


class TestDatalad:
    @pytest.fixture
    def dataset(self, runs, tmp_path):
        done = rpz_in(runs)("export", "--datalad", tmp_path / "dataset")
        assert (done.returncode, done.stderr) == (0, b"")
        return tmp_path / "dataset"

    def test_it_holds_what_the_runs_read_and_left(self, runs, dataset):
        assert_same(dataset, runs)
        assert called(dataset, "git", "status", "--short") == (0, "")
        _, message = called(dataset, "git", "log", "-1", "--format=%B")
        record = json.loads(message.split("below ===\n")[1].split("^^^")[0])
        assert record["inputs"] == ["../log", "sq=1.txt", "two.sh"]
        assert (record["pwd"], record["exit"]) == ("sub", 3)

    def test_datalad_reruns_it(self, dataset):
        program = tool("datalad")
        home = {
            "HOME": str(dataset.parent),
            "PATH": f"{Path(program).parent}:{os.environ['PATH']}",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Jane Doe",
            "GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "jane@example.org",
        }  # fmt: skip
        (dataset / DATA).write_text("6\n")
        assert called(dataset, "git", "commit", "-qam", "Six", env=home)[0] == 0
        rerun = ["rerun", "--since=HEAD~3", "HEAD~1", "--onto=HEAD", "-b", "six"]
        status, words = called(dataset, program, *rerun, env=home)
        assert status == 0, words
        assert (dataset / "sub" / "c d.txt").read_text() == "k\n36\n"
        assert called(dataset, "git", "status", "--short") == (0, "")

    def test_a_file_that_is_changed_in_place(self, rpz):
        (rpz.folder / "in").write_text("1\n")
        assert rpz("trace", "sh", "-c", "read x < in; echo $x 2 >> in").returncode == 0
        assert rpz("pack", "x.rpz").returncode == 0
        (rpz.folder / "in").unlink()
        assert rpz("export", "x.rpz", "--datalad", "dataset").returncode == 0
        dataset = rpz.folder / "dataset"
        assert called(dataset, "git", "show", "HEAD~1:in") == (0, "1\n")
        assert (dataset / "in").read_text() == "1\n"  # so that the run can be repeated
        _, message = called(dataset, "git", "log", "-1", "--format=%B")
        assert "Not to be had any more as the run left it: in" in message  # packs have no outputs
        assert b"# 'in' is changed, too\n" in exported(rpz.folder, "make")

    def test_a_file_that_is_changed_and_then_read(self, rpz):
        (rpz.folder / "in").write_text("1\n")
        assert rpz("trace", "sh", "-c", "read x < in; echo $x 2 >> in").returncode == 0
        assert rpz("trace", "--continue", "sh", "-c", "cat in > out").returncode == 0
        assert rpz("export", "--datalad", "dataset").returncode == 0
        dataset = rpz.folder / "dataset"
        assert called(dataset, "git", "show", "HEAD~2:in") == (0, "1\n")
        assert called(dataset, "git", "show", "HEAD~1:in") == (0, "1\n1 2\n")
        assert (dataset / "out").read_text() == "1\n1 2\n"

    def test_an_input_that_is_gone(self, rpz):
        (rpz.folder / "in").write_text("1")
        assert rpz("trace", "sh", "-c", "cat in > out").returncode == 0
        (rpz.folder / "in").write_text("2")
        done = rpz("export", "--datalad", "dataset")
        assert (done.returncode, list(rpz.folder.glob("*dataset*"))) == (1, [])
        assert (
            done.stderr == b"rpz: in isn't to be had as run0 has read it. Export from the pack.\n"
        )


class TestBadInput:
    @pytest.mark.parametrize("form", ["make", "snakemake", "datalad"])
    def test_two_runs_that_left_the_same_file(self, rpz, form):
        for word in ("trace", "trace"):
            more = ["--continue"] if (rpz.folder / ".rpz-trace").exists() else []
            assert rpz(word, *more, "sh", "-c", "echo 1 > out").returncode == 0
        done = rpz("export", f"--{form}", "made")
        assert b"out was left by run0 and by run1: no rule can say that" in done.stderr
        assert done.returncode == 1
        assert rpz("export", f"--{form}", "made", ":1").returncode == 0

    def test_names_that_a_form_does_not_have(self, rpz):
        assert rpz("trace", "sh", "-c", "echo 1 > 'a\nb{c}'").returncode == 0
        assert b"can't be named in a Makefile" in rpz("export", "--make", "-").stderr
        assert b"can't be named in a Snakefile" in rpz("export", "--snakemake", "-").stderr
        assert rpz("export", "--datalad", "dataset").returncode == 0

    def test_an_argument_that_was_withheld_is_said(self, rpz):
        token = "ghp_" + "k3Jd8sLq0Zx7Vb2Nm5Ty9Rw4Ue6Pa1Sc0Df8"
        assert rpz("trace", "sh", "-c", ": $1 > out", "x", f"--token={token}").returncode == 0
        done = rpz("export", "--make", "-")
        assert done.returncode == 0
        said = b"rpz: run0 lacks what was withheld: --token=<redacted>; put it in\n"
        assert done.stderr == said
        assert token.encode() not in done.stdout

    def test_a_run_that_was_killed(self, rpz):
        assert rpz("trace", "sh", "-c", "kill -9 $$").returncode == 137
        assert b"run0 was killed: it is no step" in rpz("export", "--make", "-").stderr
