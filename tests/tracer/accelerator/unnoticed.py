"""Run a program untraced and in each way, and compare what it says and what is said of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.conftest import PROGRAMS
from tests.tracer import comparing, harness
from tests.tracer.accelerator.ways import WAYS, tracer_with
from tests.tracer.harness import Traced, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

CALLS = int(os.environ.get("RPZ_LOOKS", "4000"))
"""How often the threads look, all together; by hand 1,000,000, which takes minutes."""
SECONDS = 60 + CALLS / 1000
"""How long a program may take at most."""
THREADS, PRESENT = 16, 8
ARGUMENTS = {"threads": [str(CALLS // THREADS)], "many": [str(CALLS // 2)]}
INPUTS = ("overwritten", "replaced", "removed", "cut")
OLD = b"what was there before the run\n"
NAMES = sorted(
    source.stem
    for source in (PROGRAMS / "accelerator").glob("*.c")
    if source.stem not in ("sites", "redirect", "fuzz_log", "sparing", "maps", "hostile")
)
"""The programs that look at files in every way."""


class Outcome(NamedTuple):
    """What a program has shown of itself."""

    status: int
    output: bytes
    errors: bytes


def prepare(folder: Path) -> None:
    """Make the folder that a program runs in, at the same path each time: programs print it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "input").mkdir(parents=True)
    for name in INPUTS:
        (folder / "input" / name).write_bytes(OLD)


def prepare_for_threads(folder: Path) -> None:
    """Make the folder with what the threads find in it."""
    prepare(folder)
    for thread in range(THREADS):
        (folder / f"thread{thread}").mkdir()
        for number in range(PRESENT - 1, CALLS // THREADS, PRESENT):
            (folder / f"thread{thread}/{number}").touch()


def untraced(folder: Path, command: list[str | Path]) -> Outcome:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=SECONDS)
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Outcome(status, done.stdout, done.stderr)


def traced_with(
    way: str, folder: Path, command: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> Traced:
    kept = folder.with_name(f"kept-{way}")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    monkeypatch.setitem(harness.ENGINES, way, tracer_with(way, Path(os.environ["RPZ_TRACER"])))
    run = traced(way, folder, *command, options=["-s", kept], seconds=SECONDS)
    folder.with_name(folder.name + ".records").unlink()
    harness.check_stream(run.records)
    return run


def run_all_ways(
    folder: Path, name: str, command: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Traced]:
    """Run a program, with its arguments, in each way: it and its traces have to say the same."""
    make: Callable[[Path], None] = prepare_for_threads if name == "threads" else prepare
    command = [*command, *ARGUMENTS.get(name, [])]
    make(folder)
    expected = untraced(folder, command)
    assert expected.status == 0, expected.errors
    runs: dict[str, Traced] = {}
    for way in WAYS:
        make(folder)
        runs[way] = run = traced_with(way, folder, command, monkeypatch)
        said = Outcome(run.status, run.stdout, run.stderr)
        assert said == expected, f"{way}: {said} instead of {expected}"
        assert run.missing() == [], f"{way}: {run.missing()}"
    assert_equal(runs)
    return runs


def assert_equal(runs: Mapping[str, Traced]) -> None:
    """Check that traces say the same."""
    stopped, seen = (runs[way] for way in WAYS)
    for what in (comparing.lines, comparing.attributed):
        lost = sorted(map(str, what(stopped) - what(seen)))
        invented = sorted(map(str, what(seen) - what(stopped)))
        assert (lost, invented) == ([], []), f"{lost=}, {invented=}"
