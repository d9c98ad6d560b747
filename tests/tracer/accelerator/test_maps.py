"""The code that a process has mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tracer.accelerator.conftest import SANITIZERS, build, run

if TYPE_CHECKING:
    import pytest


def test_the_kernels_newer_way_tells_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    run(build("maps", tmp_path_factory, *SANITIZERS, "-ldl", modules=["maps"]))
