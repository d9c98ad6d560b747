"""What tests of the native tracer alone start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tracer import harness

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def native(native_tracer: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of the tracer as it is built, without options."""
    monkeypatch.setitem(harness.ENGINES, "native", [str(native_tracer)])
    return "native"
