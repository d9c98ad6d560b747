"""Programs that are started again: what the kernel loads is seen each time, and as it then is."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from rpz.tracer.records import Mode
from tests.tracer.harness import check_stream, traced

if TYPE_CHECKING:
    from pathlib import Path

SETTLED = "sleep 0.05"
"""A file that has just been made is read each time: its next change might not show."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("one", "other"):
        shutil.copy("/bin/sh", folder / name)
    return folder


def readers(engine: str, folder: Path, script: str) -> dict[str, int]:
    """Say how many processes have read each file of the folder."""
    run = traced(engine, folder, "sh", "-c", script)
    assert run.status == 0, run.stderr
    check_stream(run.records)
    names = {r.path: r.name for r in run.records if isinstance(r, records.PathName)}
    found: dict[str, int] = {}
    for file in (r for r in run.records if isinstance(r, records.File)):
        place, _, name = names[file.path].rpartition(b"/")
        if place == bytes(folder) and file.mode & Mode.READ:
            found[name.decode()] = found.get(name.decode(), 0) + 1
    return found


def test_a_program_and_its_loader(native: str, folder: Path) -> None:
    found = readers(native, folder, f"{SETTLED}; for i in 1 2 3; do ./one -c :; done")
    assert found == {"one": 3}


@pytest.mark.parametrize("way", [">", "> new; chmod +x new; mv new"])
def test_a_script_whose_interpreter_is_another_now(native: str, folder: Path, way: str) -> None:
    """The line is as long as before, and the script too."""
    script = folder / "script"
    script.write_text("#!./one  \n:\n")
    script.chmod(0o755)
    twice = f"{SETTLED}; ./script; ./script"
    change = f"printf '#!./other\\n:\\n' {way} script"
    found = readers(native, folder, f"{twice}; {change}; {twice}; true")
    assert (found["one"], found["other"]) == (2, 2)


def test_another_program_of_that_name(native: str, folder: Path) -> None:
    (folder / "script").write_text("#!./other\n:\n")
    (folder / "script").chmod(0o755)
    again = f"{SETTLED}; ./one -c :; ./one -c :"
    found = readers(native, folder, f"{again}; mv script one; {again}; true")
    assert found["other"] == 2
