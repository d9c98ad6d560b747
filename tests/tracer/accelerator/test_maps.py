"""The code that a process has mapped."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.tracer.accelerator.conftest import SANITIZERS, build

if TYPE_CHECKING:
    import pytest


def test_the_kernels_newer_way_tells_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    program = build("maps", tmp_path_factory, *SANITIZERS, "-ldl", modules=["maps"])
    ran = subprocess.run([program], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
