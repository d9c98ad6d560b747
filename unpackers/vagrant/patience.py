"""Letting a program that cleans up after itself come to its end."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from rpz.process import TERMINATION, Terminated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

NAMES = ("vagrant", "ruby")
"""What Vagrant's processes are called; its launcher and its machines are told nothing."""


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back what asks rpz to end while Vagrant works, but let Vagrant know of it.

    It then stops at the next place where it can; killed, it would leave machines behind that
    nobody knows of. What the terminal sends, Vagrant gets by itself.

    Raises:
        KeyboardInterrupt: rpz was asked to end.

    """
    came: list[int] = []

    def note(signum: int, _frame: FrameType | None) -> None:
        if not came and signum != signal.SIGINT:
            _interrupt_vagrant()
        came.append(signum)

    wanted = [s for s in (signal.SIGINT, *TERMINATION) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {signum: signal.signal(signum, note) for signum in wanted}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        if came:
            raise KeyboardInterrupt if came[0] == signal.SIGINT else Terminated(came[0])


def _interrupt_vagrant() -> None:
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.name() in NAMES:
                child.send_signal(signal.SIGINT)
