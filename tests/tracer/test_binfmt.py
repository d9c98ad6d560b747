"""Programs that the kernel runs by an interpreter that only it knows: binfmt_misc."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from rpz.tracer.records import File, PathName
from tests.conftest import require
from tests.tracer import harness
from tests.tracer.harness import check_stream, traced

FORMATS = Path("/proc/sys/fs/binfmt_misc")


@pytest.fixture
def formats():
    """The folder in which formats are registered."""
    require(os.geteuid() == 0, "only root may register a binary format")
    if not (FORMATS / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", FORMATS], check=False)
    require((FORMATS / "register").exists(), "this kernel has no binfmt_misc")
    return FORMATS


@pytest.fixture
def interpreted(formats, tmp_path):
    """A file of a registered format, and its interpreter."""
    interpreter = tmp_path / "interpreter"
    shutil.copy("/bin/cat", interpreter)
    name = f"rpz-{uuid.uuid4().hex}"
    magic = name[-12:]
    (formats / "register").write_text(f":{name}:M::{magic}::{interpreter}:")
    program = tmp_path / "program"
    program.write_text(f"{magic} is shown\n")
    program.chmod(0o755)
    yield program, interpreter
    (formats / name).write_text("-1")


@pytest.mark.parametrize("build", ["native_tracer", "sanitized_tracer", None])
def test_the_interpreter_and_its_loader_are_seen(
    build, interpreted, request, tmp_path, monkeypatch
):
    engine = [str(request.getfixturevalue(build))] if build else harness.ENGINES["python"]
    monkeypatch.setitem(harness.ENGINES, "binfmt", engine)
    program, interpreter = interpreted
    folder = tmp_path / "run"
    folder.mkdir()
    run = traced("binfmt", folder, program)
    assert (run.status, run.stdout) == (0, program.read_bytes())
    check_stream(run.records)
    assert f"EXEC {program}" in run.lines()
    used = {line for line in run.lines() if line.startswith("READ:EXISTED ")}
    assert {f"READ:EXISTED {program}", f"READ:EXISTED {interpreter}"} <= used
    assert any("/ld-" in line for line in used)


def test_and_each_time(native_tracer, interpreted, tmp_path, monkeypatch):
    monkeypatch.setitem(harness.ENGINES, "binfmt", [str(native_tracer)])
    program, interpreter = interpreted
    folder = tmp_path / "run"
    folder.mkdir()
    run = traced("binfmt", folder, "sh", "-c", f"sleep 0.05; {program}; {program}; {program}; true")
    (number,) = [
        r.path for r in run.records if isinstance(r, PathName) and r.name == bytes(interpreter)
    ]
    uses = [r for r in run.records if isinstance(r, File) and (r.path, r.mode) == (number, 1)]
    assert len(uses) == 3
