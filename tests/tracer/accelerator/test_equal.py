"""The corpus of programs, traced in three ways: they say the same, and so do their traces.

``tests/tracer/test_differential.py`` does likewise with scripts of the shell and of Python.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.tracer import comparing, harness
from tests.tracer.accelerator.ways import WAYS, tracer_with
from tests.tracer.harness import traced
from tests.tracer.test_reference import PROGRAMS as FOR_BOTH_ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rpz.tracer import records


THREE_WAYS = {*FOR_BOTH_ENGINES} - {"supervisor", "interrupted"}
"""The reference engine lets the first find that it is another, and the second mostly waits."""


class Said(NamedTuple):
    """What a program and its trace have said."""

    status: int
    output: list[str]
    errors: bytes
    lines: set[str]
    attributed: set[tuple[str, bytes, records.Mode]]


@pytest.fixture(autouse=True)
def _ways(native_tracer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for way in WAYS:
        monkeypatch.setitem(harness.ENGINES, way, tracer_with(way, native_tracer))


def said(engine: str, folder: Path, program: Path) -> Said:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    kept = folder.with_name(f"kept-{engine}")
    kept.mkdir()
    run = traced(engine, folder, program, options=["-s", kept])
    folder.with_name(folder.name + ".records").unlink()
    harness.check_stream(run.records)
    output = sorted(comparing.without_ports(os.fsdecode(run.stdout)).splitlines())
    return Said(run.status, output, run.stderr, comparing.lines(run), comparing.attributed(run))


@pytest.mark.parametrize("name", harness.program_names())
def test_program(name: str, compiled: Callable[..., Path], tmp_path: Path) -> None:
    program = compiled(name)
    stopped, seen = (said(way, tmp_path / "run", program) for way in WAYS)
    assert sorted(map(str, seen.lines ^ stopped.lines)) == []
    assert sorted(map(str, seen.attributed ^ stopped.attributed)) == []
    assert seen == stopped
    if name in THREE_WAYS:
        simple = said("python", tmp_path / "run", program)
        assert (seen.status, seen.output, seen.errors) == (
            simple.status,
            simple.output,
            simple.errors,
        )
        assert sorted(simple.lines - seen.lines) == []
        more = {line for line in seen.lines - simple.lines if not comparing.is_crossing(line)}
        assert sorted(more) == []
