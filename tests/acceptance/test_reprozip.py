"""What ReproZip 1.3.2 packs is read, checked, taken apart and replayed."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.conftest import require


@pytest.fixture
def lab(tmp_path):
    """A folder with a pack that ReproZip made of ``sort data.csv >out.csv``."""
    program = os.environ.get("RPZ_REPROZIP")
    require(program, "RPZ_REPROZIP is not set")
    (tmp_path / "data.csv").write_text("pear\napple\n")
    (tmp_path / "home").mkdir()
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "REPROZIP_USAGE_STATS": "off"}
    environment.pop("PYTHONPATH", None)
    for words in (
        ("trace", "sh", "-c", "LC_ALL=C sort data.csv >out.csv; cat out.csv"),
        ("pack", "x.rpz"),
    ):
        done = subprocess.run(
            [program, *words], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_its_pack_is_told_of_listed_and_checked(rpz, lab):
    found = json.loads(rpz("info", "--json", "x.rpz").stdout)
    assert (found["format"], found["compression"], len(found["runs"])) == (2, "gzip", 1)
    assert found["packages"]
    assert {"/".join(item["path"].split("/")[-2:]) for item in found["inputs_outputs"]} >= {
        f"{lab.name}/data.csv"
    }
    listed = rpz("ls", "x.rpz", "*.csv").stdout.decode()
    assert f" 11 {lab}/data.csv\n" in listed
    done = rpz("check", "x.rpz")
    assert done.returncode == 0
    assert done.stdout.startswith(b"x.rpz is sound: ")
    assert b"Not all could be checked: it has no manifest" in done.stdout


def test_a_file_is_taken_out_of_its_pack(rpz, lab):
    (lab / "o").mkdir()
    assert rpz("extract", "x.rpz", lab / "data.csv", "-C", "o").returncode == 0
    assert (lab / "o" / str(lab)[1:] / "data.csv").read_text() == "pear\napple\n"


@pytest.mark.usefixtures("lab", "chroot_allowed")
def test_its_pack_is_replayed(rpz):
    assert rpz("unpack", "chroot", "x.rpz", "target").returncode == 0
    done = rpz("run", "target")
    assert (done.returncode, done.stdout) == (0, b"apple\npear\n"), done.stderr
