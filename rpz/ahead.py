"""What other programs print, asked for before it is needed, so that nobody waits for it then."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Arguments: TypeAlias = Sequence[str | bytes]
    State: TypeAlias = Callable[[], object]


class _Question:
    """A program that was started: ``state`` tells whether its answer is still true."""

    def __init__(self, argv: Arguments, state: State) -> None:
        self._state = state
        self._lines: list[bytes] = []
        self._before = state()
        # Unlike a pipe it takes all without anybody who reads
        self._printed = os.fdopen(os.memfd_create("printed"), "w+b", buffering=0)
        try:
            self._program = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=self._printed, stderr=subprocess.DEVNULL
            )
        except OSError:
            self._printed.close()
            raise

    def answer(self) -> bytes | None:
        """Return what it printed; None if it failed, or the state has changed meanwhile."""
        with self._printed:
            if self._program.wait() == 0 and self._is_true():
                return self._read()
        return None

    def lines(self) -> list[bytes] | None:
        """Return the lines of the answer."""
        with self._printed:
            if self._program.wait() == 0 and self._is_true():
                return self._lines or self._read().split(b"\n")
        return None

    def look(self) -> bool:
        """Take the answer's lines in, if all of it is there; return whether that was done."""
        if self._lines or self._program.poll() != 0:
            return False
        self._lines = self._read().split(b"\n")
        return True

    def _read(self) -> bytes:
        self._printed.seek(0)
        return self._printed.read()

    def _is_true(self) -> bool:
        try:
            return self._state() == self._before
        except OSError:
            return False

    def forget(self) -> None:
        """End the program: nobody wants to know any more."""
        self._program.kill()
        self._program.wait()
        self._printed.close()


_questions: dict[tuple[str | bytes, ...], _Question] = {}


def ask(argv: Arguments, state: State) -> None:
    """Start a program whose output will be wanted; one that can't be started is asked then."""
    with contextlib.suppress(OSError):
        _questions[tuple(argv)] = _Question(argv, state)


def answer(argv: Arguments) -> bytes | None:
    """Return what a program printed that was asked before: once, and None if it has to be asked."""
    question = _questions.pop(tuple(argv), None)
    return question.answer() if question else None


def lines(argv: Arguments) -> list[bytes] | None:
    """Return the lines of what a program printed that was asked before, as :func:`answer` does."""
    question = _questions.pop(tuple(argv), None)
    return question.lines() if question else None


def look() -> bool:
    """Take in an answer that is there: splitting a long one takes a while; False: there is none."""
    return any(question.look() for question in _questions.values())


def forget() -> None:
    """End the programs whose answers nobody wanted."""
    while _questions:
        _questions.popitem()[1].forget()
