"""What a process has written into its log is read, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tracer.accelerator.conftest import SANITIZERS, build, run

if TYPE_CHECKING:
    import pytest


def test_reading_stays_within_the_log_and_ends(tmp_path_factory: pytest.TempPathFactory) -> None:
    program = build("fuzz_log", tmp_path_factory, *SANITIZERS, modules=["log"])
    for seed in ("1", "12345"):
        run(program, seed)


def test_what_was_read_is_given_back_where_memory_is_to_be_spared(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    run(build("sparing", tmp_path_factory, *SANITIZERS, modules=["log"]))
