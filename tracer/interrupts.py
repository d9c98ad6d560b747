"""Ctrl-C in the middle of work that threads share."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Hold SIGINT back; the function that is yielded raises ``KeyboardInterrupt`` if it came.

    Raised anywhere, it could leave a thread's queue locked, which others then wait for without end.
    """
    held: list[int] = []

    def check() -> None:
        if held:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only that one is interrupted
        yield check
        return
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
    check()
