"""Let tasks that outlive the command go on untraced."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from ptrace import PtraceError
from ptrace.binding.func import (
    PTRACE_EVENT_CLONE,
    PTRACE_EVENT_FORK,
    PTRACE_EVENT_VFORK,
    WPTRACEEVENT,
    ptrace_detach,
    ptrace_geteventmsg,
)

from rpz.tracer.reference import stops

if TYPE_CHECKING:
    from collections.abc import Collection

WAIT_FOR_THREADS_TOO = 0x40000000
"""``__WALL``."""
BIRTHS = (PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_CLONE)


def let_go(running: Collection[int], stopped: Collection[int]) -> None:
    """Stop each task and those that it is just starting, and detach: only so does it outlive us."""
    left = set(running)
    for tid in stopped:
        ptrace_detach(tid)
    for tid in running:
        with contextlib.suppress(PtraceError):  # it has ended
            stops.interrupt(tid)
    while left:
        tid, status = os.waitpid(-1, WAIT_FOR_THREADS_TOO)
        left.discard(tid)
        if os.WIFSTOPPED(status):
            with contextlib.suppress(PtraceError):
                left |= _started(tid, status).difference(stopped)
                ptrace_detach(tid, _signal(status))


def _started(tid: int, status: int) -> set[int]:
    """Return the task that this one is about to have started: it stops by itself."""
    return {ptrace_geteventmsg(tid)} if WPTRACEEVENT(status) in BIRTHS else set()


def _signal(status: int) -> int:
    """Return the signal that a task has stopped for and has yet to get."""
    is_signal = WPTRACEEVENT(status) == 0 and os.WSTOPSIG(status) != signal.SIGTRAP | 0x80
    return os.WSTOPSIG(status) if is_signal else 0
