"""Ctrl-C, and what else asks rpz to end, in the middle of work that threads share."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from rpz.process import TERMINATION, raise_terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Hold interrupts back; the function that is yielded raises ``KeyboardInterrupt`` if one came.

    Raised anywhere, it could leave a thread's queue locked, which others then wait for without end.
    """
    held: list[int] = []

    def check() -> None:
        if held and held[0] in TERMINATION:
            raise_terminated(held[0], None)
        if held:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only that one is interrupted
        yield check
        return
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, *_interrupting())}
    for signum in before:
        signal.signal(signum, lambda number, _frame: held.append(number))
    try:
        yield check
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    check()


def _interrupting() -> list[signal.Signals]:
    """Return the other signals that interrupt: :func:`rpz.process.termination_as_interrupt`."""
    return [s for s in TERMINATION if signal.getsignal(s) is raise_terminated]
