"""What makes the trace of a program less sure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.reference.execution import _doubts
from rpz.tracer.reference.resolve import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("mode", "user", "readable", "words"),
    [
        (0o755, 1000, True, []),
        (0o4755, 1000, True, ["set-user-id"]),
        (0o4755, 0, True, []),
        (0o711, 1000, False, ["may not be read"]),
    ],
)
def test_doubts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    user: int,
    readable: bool,
    words: list[str],
) -> None:
    program = tmp_path / "program"
    program.touch()
    program.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "access", lambda *_: readable)
    doubts = list(_doubts([Place(os.fsencode(program), program.stat())]))
    assert len(doubts) == len(words)
    assert all(word in doubt.text for word, doubt in zip(words, doubts, strict=True))
