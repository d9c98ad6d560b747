"""``rpz pack``, ``rpz reset`` and ``rpz info`` as a user meets them."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from rpz.packer.configure import write_config
from tests.packer.traces import Trace


@pytest.fixture
def traced(tmp_path):
    (tmp_path / "data.csv").write_text("1,2")
    (tmp_path / "out.csv").write_text("3")
    trace = Trace(tmp_path).start("prog", "data.csv", "it's\x1b", exitcode=0x10B)
    trace.read(tmp_path / "data.csv").create(tmp_path / "out.csv").read(tmp_path / "gone\n")
    trace.save(tmp_path / ".rpz-trace")
    write_config(tmp_path / ".rpz-trace")
    return tmp_path


ENDS = [
    (signal.SIGINT, 130, b"Interrupted."),
    (signal.SIGTERM, 143, b"Terminated."),
    (signal.SIGHUP, 129, b"Terminated."),
]


@pytest.mark.usefixtures("traced")
class TestPack:
    def test_says_what_it_did(self, rpz):
        done = rpz("pack", "analysis")
        assert done.returncode == 0
        assert done.stdout == b""
        assert done.stderr.startswith(b"rpz: Packed 1 file (3 bytes), 0 packages in analysis.rpz: ")

    def test_says_what_it_left_out_and_why(self, rpz):
        done = rpz("pack")
        assert b"rpz: Not packed, no longer there (1):\n  " in done.stderr
        assert b"gone\\n\n" in done.stderr

    def test_says_nothing_when_quiet_and_all_is_well(self, rpz, traced):
        program = traced / "prog"
        program.write_text("#!\n")  # it needs no interpreter
        program.chmod(0o755)
        trace = Trace(traced).start(binary=program).read(program).read(traced / "data.csv")
        trace.save(traced / ".rpz-trace")
        write_config(traced / ".rpz-trace")
        assert rpz("pack", "-q").stderr == b""

    def test_says_which_runs_cannot_be_run(self, rpz, traced):
        config = traced / ".rpz-trace" / "config.yml"
        config.write_text(config.read_text().replace("/bin/prog", "/usr/bin/zsh-of-mine"))
        done = rpz("pack")
        lost = b"run0 can't be run from this pack, which lacks /usr/bin/zsh-of-mine\n"
        assert (done.returncode, lost in done.stderr) == (0, True)

    def test_needs_a_name(self, rpz):
        done = rpz("pack", "")
        assert (done.returncode, done.stderr) == (1, b"rpz: . is a folder. Choose another name.\n")

    def test_keeps_what_exists(self, rpz, traced):
        (traced / "experiment.rpz").write_text("mine")
        done = rpz("pack")
        assert done.returncode == 1
        assert done.stderr == (
            b"rpz: experiment.rpz exists already. "
            b"Choose another name, or replace it: --overwrite.\n"
        )
        assert rpz("pack", "--overwrite").returncode == 0

    def test_keeps_what_came_into_being_meanwhile(self, rpz, traced):
        with (traced / "data.csv").open("r+b") as file:
            for place in range(0, 1 << 28, 1 << 19):
                file.seek(place)
                file.write(b"x")
        pack = rpz.start("pack")
        while not any(path.suffix == ".part" for path in traced.iterdir()):
            time.sleep(0.01)
            assert pack.poll() is None, pack.communicate()
        (traced / "experiment.rpz").write_text("another's")
        _, told = pack.communicate(timeout=60)
        assert pack.returncode == 1
        assert told.startswith(b"rpz: experiment.rpz exists already. Choose another name")
        assert (traced / "experiment.rpz").read_text() == "another's"
        assert not list(traced.glob(".*.part"))

    @pytest.mark.parametrize(("signum", "status", "word"), ENDS)
    def test_leaves_nothing_when_interrupted(self, rpz, traced, signum, status, word):
        with (traced / "data.csv").open("r+b") as file:
            for place in range(0, 1 << 33, 1 << 19):  # holes too small to be left out
                file.seek(place)
                file.write(b"x")
        before = set(traced.iterdir())
        pack = rpz.start("pack")
        while not any(path.suffix == ".part" for path in traced.iterdir()):
            time.sleep(0.01)
            assert pack.poll() is None, pack.communicate()
        pack.send_signal(signum)
        _, told = pack.communicate(timeout=30)
        assert pack.returncode == status
        assert told.strip() == b"rpz: " + word
        assert set(traced.iterdir()) == before

    def test_says_what_can_not_be_written(self, rpz, traced):
        (traced / "data.csv").write_bytes(random.Random(1).randbytes(100_000))
        before = set(traced.iterdir())
        limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "-", *rpz.argv("pack")]
        done = subprocess.run(
            limited, cwd=traced, env=rpz.environment, capture_output=True, check=False
        )
        assert done.returncode == 1
        assert re.fullmatch(
            rb"rpz: experiment.rpz can't be written: File too large; it (needs about 10\d kB|may "
            rb"need up to 100 kB)\. Make room, or choose another place\.\n",
            done.stderr,
        )
        assert set(traced.iterdir()) == before

    def test_shows_a_wrong_edit(self, rpz, traced):
        path = traced / ".rpz-trace" / "config.yml"
        before, after = path.read_text().split("uid: 1001")
        path.write_text(f"{before}uid: me{after}")
        done = rpz("pack")
        assert done.returncode == 1
        line = before.count("\n") + 1
        assert f"config.yml:{line}:10: expected a number, found 'me'." in done.stderr.decode()

    def test_asks_about_a_key_that_it_does_not_know(self, rpz, traced):
        path = traced / ".rpz-trace" / "config.yml"
        path.write_text(path.read_text().replace("other_files:", "other_fils:"))
        done = rpz("pack")
        assert done.returncode == 1
        assert b"unknown key 'other_fils', perhaps for 'other_files'" in done.stderr
        assert not (traced / "experiment.rpz").exists()

    def test_names_what_is_missing_and_packs_without_it_when_told(self, rpz, traced):
        (traced / "data.csv").unlink()
        done = rpz("pack")
        assert done.returncode == 1
        assert b"data.csv (no longer there). Put it back" in done.stderr
        assert b"--leave-out-missing" in done.stderr
        done = rpz("pack", "--leave-out-missing")
        assert done.returncode == 0
        assert b"Not packed, no longer there (2):\n" in done.stderr
        assert str(traced / "data.csv").encode() in done.stderr

    def test_says_what_it_excluded(self, rpz, traced):
        with (traced / ".rpz-trace" / "config.yml").open("a") as config:
            config.write(f'\nexcluded_patterns:\n  - "{traced}/*.csv"\n  - "/none/*"\n')
        done = rpz("pack")
        assert done.returncode == 0
        assert b"Not packed, because config.yml excludes it (1):\n" in done.stderr
        assert str(traced / "data.csv").encode() in done.stderr
        assert b"The pattern /none/* matches nothing" in done.stderr

    def test_notes_names_that_differ_by_case(self, rpz, traced):
        (traced / "Data.csv").write_text("3,4")
        trace = Trace(traced).start().read(traced / "data.csv").read(traced / "Data.csv")
        trace.save(traced / ".rpz-trace")
        write_config(traced / ".rpz-trace")
        assert b"Names that differ by case only" in rpz("pack").stderr

    def test_says_that_a_trace_is_empty(self, rpz, traced):
        Trace(traced).save(traced / ".rpz-trace")
        for command in ("reset", "pack"):
            (traced / ".rpz-trace" / "config.yml").unlink(missing_ok=True)
            done = rpz(command)
            assert done.returncode == 1
            assert done.stderr.count(b"\n") == 1
        assert b"has no runs" in rpz("reset").stderr

    def test_says_that_a_trace_is_from_a_newer_rpz(self, rpz, traced):
        connection = sqlite3.connect(traced / ".rpz-trace" / "trace.sqlite3")
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        done = rpz("pack")
        assert done.returncode == 1
        assert b"has version 99, this rpz reads up to" in done.stderr
        assert b"Upgrade rpz" in done.stderr

    def test_resets(self, rpz, traced):
        path = traced / ".rpz-trace" / "config.yml"
        good = path.read_bytes()
        path.write_text("spoilt")
        done = rpz("reset")
        assert done.returncode == 0
        assert b"config.yml.old" in done.stderr
        assert path.read_bytes() == good

    def test_shows_a_pack(self, rpz):
        rpz("pack")
        done = rpz("info", "experiment.rpz")
        assert done.returncode == 0
        text = done.stdout.decode()
        assert "killed by signal 11" in text
        assert "\x1b" not in text
        assert "data.csv: " in text

    def test_shows_a_pack_to_programs(self, rpz, traced):
        rpz("pack")
        found = json.loads(rpz("info", "--json", "experiment.rpz").stdout)
        assert found["runs"][0]["argv"] == ["prog", "data.csv", "it's\x1b"]
        assert found["runs"][0]["signal"] == 11
        assert found["size"] == (traced / "experiment.rpz").stat().st_size
        assert {item["name"] for item in found["inputs_outputs"]} == {"data.csv", "out.csv"}


def test_a_missing_trace_is_told(rpz):
    done = rpz("pack")
    assert done.returncode == 1
    assert done.stderr == b"rpz: There is no trace at .rpz-trace. Make one: rpz trace.\n"


def test_what_is_no_pack_is_told(rpz, tmp_path):
    (tmp_path / "x").write_text("x")
    done = rpz("info", "x")
    assert done.returncode == 1
    assert done.stderr == b"rpz: x is not a pack. Make one: rpz pack.\n"
