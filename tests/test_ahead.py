"""What other programs print, asked for ahead."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from rpz import ahead
from rpz.errors import MissingProgramError
from rpz.process import output_of

COUNT = "import sys; open(sys.argv[1], 'a').write('x'); print('printed' * 100_000)"


@pytest.fixture
def argv(tmp_path: Path) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", COUNT, str(tmp_path / "times")]


def times(argv: list[str]) -> int:
    return len(Path(argv[-1]).read_text())


def test_is_the_answer_once(argv: list[str]) -> None:
    ahead.ask(argv, lambda: 0)
    assert output_of(argv, package="python3") == b"printed" * 100_000 + b"\n"
    assert times(argv) == 1
    assert output_of(argv, package="python3") == b"printed" * 100_000 + b"\n"
    assert times(argv) == 2


def test_is_asked_again_when_something_has_changed_since(argv: list[str]) -> None:
    states = iter(range(2))
    ahead.ask(argv, lambda: next(states))
    assert output_of(argv, package="python3").startswith(b"printed")
    assert times(argv) == 2


def test_is_asked_again_when_it_failed(tmp_path: Path) -> None:
    argv = ["sh", "-c", 'test -e "$0" && echo yes || { touch "$0"; exit 1; }', str(tmp_path / "f")]
    ahead.ask(argv, lambda: 0)
    assert output_of(argv, package="dash") == b"yes\n"


def test_a_program_that_is_not_there_is_missed_later(tmp_path: Path) -> None:
    argv = [os.fspath(tmp_path / "none")]
    ahead.ask(argv, lambda: 0)
    with pytest.raises(MissingProgramError):
        output_of(argv, package="none")


def test_nobody_waits_for_what_is_not_wanted() -> None:
    ahead.ask(["sleep", "1000"], lambda: 0)
    (question,) = ahead._questions.values()
    ahead.forget()
    assert question._program.returncode == -signal.SIGKILL
    assert not ahead._questions


def test_lines_are_taken_in_when_they_are_there(argv: list[str]) -> None:
    assert ahead.lines(argv) is None
    ahead.ask(argv, lambda: 0)
    while not ahead.look():
        pass
    assert not ahead.look()
    assert ahead.lines(argv) == [b"printed" * 100_000, b""]
    assert ahead.lines(argv) is None
    ahead.ask(argv, lambda: 0)
    assert ahead.lines(argv) == [b"printed" * 100_000, b""]
    assert times(argv) == 2


def test_lines_that_are_no_longer_true_are_forgotten(argv: list[str]) -> None:
    states = iter(range(2))
    ahead.ask(argv, lambda: next(states))
    while not ahead.look():
        pass
    assert ahead.lines(argv) is None
