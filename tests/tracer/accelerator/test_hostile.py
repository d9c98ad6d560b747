"""A process that turns against the tracer gains nothing, and others are traced as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from tests.tracer.accelerator.unnoticed import prepare, traced_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEEDS = range(1, 9)
STATUS = 7


@pytest.mark.parametrize("tracer", ["native_tracer", "sanitized_tracer"])
@pytest.mark.parametrize("seed", SEEDS)
def test_hostile(
    tracer: str,
    seed: int,
    compiled: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("RPZ_TRACER", str(request.getfixturevalue(tracer)))
    folder = tmp_path / "run"
    prepare(folder)
    program = compiled("accelerator/hostile")
    run = traced_with("seen", folder, [program, str(seed)], monkeypatch)
    assert (run.status, run.stderr) == (STATUS, b"")
    assert run.missing() == []
    assert [w for w in run.of(records.Warn) if b"overwritten" in w.text] != []
