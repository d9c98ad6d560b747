"""Whole journeys: what replays is what ran (``tests/cases/README.md``)."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CASES = sorted(path.parent for path in (ROOT / "tests" / "cases").glob("*/case.yml"))


@dataclass(frozen=True)
class Recorded:
    """What the original did: the last run's status, the output of all runs, the outputs' bytes."""

    status: int
    stdout: bytes
    outputs: dict[str, bytes]


def rpz(*argv, cwd):
    command = [sys.executable, "-m", "rpz", *map(os.fspath, argv)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )


def done(result, status=0):
    assert result.returncode == status, result.stderr.decode(errors="replace")
    return result


def lay_out(case, spec, lab):
    if "files" in spec:
        shutil.copytree(ROOT / spec["files"], lab)
    shutil.copytree(case, lab, dirs_exist_ok=True)
    (lab / "case.yml").unlink()
    if "prepare" in spec:
        subprocess.run(spec["prepare"], cwd=lab, check=True)


def trace(spec, lab):
    stdout = b""
    status = 0
    for number, run in enumerate(spec["runs"]):
        argv = [sys.executable if word == "{python}" else word for word in run]
        last = number == len(spec["runs"]) - 1
        expected = spec.get("status", 0) if last else 0
        result = done(rpz("trace", *(["--continue"] if number else []), *argv, cwd=lab), expected)
        stdout += result.stdout
        status = result.returncode
    return Recorded(status, stdout, {o: (lab / o).read_bytes() for o in spec["outputs"]})


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.name)
def packed(request, tmp_path_factory):
    """A case that was traced and packed, and whose folder is out of reach since."""
    spec = yaml.safe_load((request.param / "case.yml").read_text("utf-8"))
    folder = tmp_path_factory.mktemp(request.param.name)
    lab = folder / "lab"
    lay_out(request.param, spec, lab)
    recorded = trace(spec, lab)
    done(rpz("pack", folder / "case.rpz", cwd=lab))
    lab.rename(folder / "out-of-reach")
    return folder, lab, recorded


def test_replays_what_ran(backend, packed):
    folder, lab, recorded = packed
    target = f"replayed-{backend}"
    done(rpz("unpack", backend, "case.rpz", target, cwd=folder))
    try:
        replayed = rpz("run", target, cwd=folder)
        assert replayed.stdout == recorded.stdout, replayed.stderr.decode(errors="replace")
        assert replayed.returncode == recorded.status, replayed.stderr.decode(errors="replace")
        for output, content in recorded.outputs.items():
            done(rpz("download", target, f"{lab / output}:taken", cwd=folder))
            assert (folder / "taken").read_bytes() == content, output
            (folder / "taken").unlink()
    finally:
        done(rpz("destroy", target, cwd=folder))
    assert not lab.exists()
    assert not (folder / target).exists()
