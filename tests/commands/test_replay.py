"""``rpz replay``: a pack runs again for a while, and is compared with its own trace."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import time

import pytest

from tests.conftest import require
from tests.unpackers import packs

SORT = "sort in > same.txt"


@pytest.fixture
def journey(rpz, tmp_path, native_tracer):
    """Trace a script and pack it; return what replays the pack."""
    del native_tracer
    (tmp_path / "in").write_text("b\na\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def trace(script, *options, leave_out=None):
        (tmp_path / "script").write_text(script)
        done = rpz("trace", *options, "sh", "script")
        assert done.returncode == 0, done.stderr
        if leave_out:
            config = tmp_path / ".rpz-trace" / "config.yml"
            lines = config.read_text().splitlines(keepends=True)
            kept = [line for line in lines if f'{leave_out}"' not in line or "path" in line]
            config.write_text("".join(kept))
        done = rpz("pack")
        assert done.returncode == 0, done.stderr
        rpz.environment["TMPDIR"] = str(scratch)

    yield trace
    assert list(scratch.iterdir()) == []


def replay(rpz, backend, *options):
    done = rpz("replay", "experiment.rpz", "--with", backend, *options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_all_as_recorded(rpz, journey, backend):
    journey(f"{SORT}; echo noise; mkdir new; mv same.txt new; echo 1 > gone; rm gone")
    status, said, told = replay(rpz, backend)
    assert status == 0, said + told
    assert "run0: exit status 0, as traced\n" in said
    assert "  same      same.txt  the same bytes\n" in said
    assert "noise" not in said + told
    assert "docker run" not in told  # of an image that is gone
    assert "apptainer build" not in told
    assert "extra" not in said


def test_what_differs_is_missing_and_is_extra(rpz, journey, backend, tmp_path):
    """With a diff, as the original is there still."""
    (tmp_path / "mark").write_text("1")
    script = (
        "{ echo a; if [ -e mark ]; then echo b; else echo c; fi; echo d; } > text\n"
        "if [ -e mark ]; then echo 1 > made; else echo 1 > added; fi; true"
    )
    journey(script, leave_out="/mark")
    status, said, told = replay(rpz, backend)
    assert status == 1
    assert "  differs   text  6 bytes; when traced, 6; the first difference" in said
    assert "            @@ -2 +2 @@\n            -b\n            +c\n" in said
    assert "  missing   made  was not made\n" in said  # names in a column, which are as long
    assert f"  extra     {tmp_path}/added\n" in said
    assert told.endswith("rpz: experiment.rpz does not replay as recorded\n")


def test_json(rpz, journey, chroot_allowed, tmp_path):
    del chroot_allowed
    (tmp_path / "mark").write_text("1")
    journey(f"{SORT}; if [ -e mark ]; then echo 1 > t; else echo 2 > t; fi", leave_out="/mark")
    status, said, _ = replay(rpz, "chroot", "--json")
    found = json.loads(said)
    assert (status, found["same"], found["extra"]) == (1, False, [])
    outputs = {item["name"]: item for item in found["runs"][0]["outputs"]}
    assert outputs["same.txt"]["verdict"] == "same"
    assert outputs["t"]["verdict"] == "differs"
    assert outputs["t"]["diff"] == ["@@ -1 +1 @@", "-1", "+2"]


def test_numbers_within_a_tolerance(rpz, journey, chroot_allowed, tmp_path):
    """On another machine the original is only where the user says it is."""
    del chroot_allowed
    (tmp_path / "mark").write_text("1")
    script = "if [ -e mark ]; then echo 'x 1.000 y'; else echo 'x 1.001e0 y'; fi > n.txt"
    journey(script, leave_out="/mark")
    assert replay(rpz, "chroot", "--compare", "numbers:1e-2")[0] == 0
    assert replay(rpz, "chroot", "--compare", "numbers:1e-5")[0] == 1
    assert replay(rpz, "chroot", "--compare", "*.csv=numbers:1e-2")[0] == 1
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "n.txt").rename(tmp_path / "elsewhere" / "n.txt")
    assert replay(rpz, "chroot", "--compare", "numbers:1e-2")[0] == 1
    options = ["--compare", "*.txt=numbers:1e-2", "--originals", "elsewhere"]
    status, said, _ = replay(rpz, "chroot", *options)
    assert (status, "  alike     n.txt" in said) == (0, True)


def test_images_within_a_tolerance(rpz, journey, chroot_allowed, tmp_path):
    del chroot_allowed
    require(importlib.util.find_spec("PIL"), "Pillow is not installed: pip install pillow")
    from PIL import Image

    Image.new("RGB", (8, 8), (10, 20, 30)).save(tmp_path / "one.png")
    Image.new("RGB", (8, 8), (10, 21, 30)).save(tmp_path / "other.png")
    (tmp_path / "mark").write_text("1")
    script = "if [ -e mark ]; then cat one.png; else cat other.png; fi > fig.png; : < other.png"
    journey(script, leave_out="/mark")
    assert replay(rpz, "chroot", "--compare", "image:1")[0] == 0
    assert replay(rpz, "chroot", "--compare", "image")[0] == 1


@pytest.mark.parametrize("rule", ["numbers:x", "colours", "numbers:-1", "*.csv", "numbers:nan"])
def test_a_tolerance_that_is_none(rpz, rule):
    packs.write_pack(rpz.folder / "exp.rpz", packs.config(("status", "0")), packs.data_tar([]))
    done = rpz("replay", "exp.rpz", "--compare", rule)
    assert (done.returncode, done.stderr.count(b"\n")) == (125, 1)
    assert b"--compare numbers:1e-9" in done.stderr


def test_a_pack_without_digests(rpz, journey, chroot_allowed):
    """What is left are the exit statuses, and that is said."""
    del chroot_allowed
    packs.write_pack(rpz.folder / "exp.rpz", packs.config(("status", "0")), packs.data_tar([]))
    done = rpz("replay", "exp.rpz")
    assert done.returncode == 1
    assert b"run0: not started" in done.stdout
    assert b"only exit statuses were compared" in done.stdout
    journey(SORT, "--no-hash")
    status, said, _ = replay(rpz, "chroot")
    assert (status, "Of 1 output no digest was recorded" in said) == (0, True)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(rpz, journey, backend, tmp_path, end):
    (tmp_path / "first").write_text("1")
    journey("if [ ! -e first ]; then while :; do :; done; fi; echo 1 > out", leave_out="/first")
    terminal = subprocess.Popen(
        ["setsid", *rpz.argv("replay", "-v", "experiment.rpz", "--with", backend)],
        cwd=tmp_path, env=rpz.environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    for line in terminal.stderr:
        if b"Running run0 again" in line:
            break
    time.sleep(1)
    os.killpg(terminal.pid, end)
    _, told = terminal.communicate(timeout=30)
    assert terminal.returncode == 128 + end, told
    assert list((tmp_path / "scratch").iterdir()) == []
    if backend == "docker":
        images = subprocess.run(
            ["docker", "images", "-q", "rpz/replay"], check=True, capture_output=True
        )
        assert images.stdout == b""
