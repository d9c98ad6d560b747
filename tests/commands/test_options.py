from __future__ import annotations

import click
import pytest

from rpz.commands import run
from rpz.commands.options import size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0), ("17", 17), ("17B", 17), ("500M", 500 << 20), ("2g", 2 << 30), ("4 GiB", 4 << 30),
        ("3kB", 3000), ("1.5 MB", 1_500_000), ("0.5K", 512), (" 1T ", 1 << 40),
    ],
)  # fmt: skip
def test_sizes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "G", "-1", "1X", "1iB", "1e9", "0x10", "1 2"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no size"):
        size(text)


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["-2"], ("0-2",)),
        (["1", "-0,run2"], ("1", "0-0,run2")),
        (["1-", "--network"], ("1-",)),
        (["1", "--", "tail", "-2"], ("1",)),
    ],
)
def test_runs_up_to_one_are_no_option(words: list[str], runs: tuple[str, ...]) -> None:
    context = run.command.make_context("run", ["demo", *words])
    assert context.params["runs"] == runs


def test_an_option_that_is_not_known() -> None:
    with pytest.raises(click.NoSuchOption):
        run.command.make_context("run", ["demo", "-2x"])
