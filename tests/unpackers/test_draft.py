"""A target in the making is there as a whole or not at all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from rpz.process import Terminated
from rpz.unpackers import draft


def test_interrupted_as_soon_as_it_is_made(tmp_path, monkeypatch):
    make = Path.mkdir

    def made_and_interrupted(self, mode=0o777):
        make(self, mode)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Path, "mkdir", made_and_interrupted)
    with pytest.raises(Terminated), draft.building(tmp_path / "demo"):
        pytest.fail("it went on")
    with pytest.raises(Terminated), draft.replacing(tmp_path / "demo"):
        pytest.fail("it went on")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("making", [draft.building, draft.replacing])
def test_a_folder_that_takes_none(making):
    """The error names what was asked for, not the draft."""
    with pytest.raises(OSError, match="'/proc/demo'"), making(Path("/proc/demo")):
        pytest.fail("it was made")
