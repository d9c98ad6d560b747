"""The table of system calls that are noted, by name: one family a module."""

from __future__ import annotations

import errno

from rpz.tracer.reference import (
    execution,
    folder,
    link,
    metadata,
    open,  # noqa: A004 (the family's name)
    sockets,
    unseen,
)

CALLS = {
    **open.CALLS,
    **metadata.CALLS,
    **folder.CALLS,
    **link.CALLS,
    **execution.CALLS,
    **sockets.CALLS,
    **unseen.CALLS,
}

RESTART = 512
"""``ERESTARTSYS``, which only a tracer sees: a signal interrupts the call."""

TELLING = (
    ("connect", errno.EINPROGRESS),
    ("connect", errno.EINTR),
    ("connect", RESTART),
    ("io_uring_setup", errno.ENOSYS),
)
"""Failures that tell: a connection is under way; we have refused the call."""

EXECUTIONS = frozenset(execution.CALLS)


def succeeded(name: str, result: int) -> bool:
    """Say whether there is something to record of a call: nearly always, whether it succeeded."""
    return result >= 0 or (name, -result) in TELLING


def allow_io_uring() -> None:
    """Leave io_uring to the programs, although what they open through it is missed."""
    CALLS["io_uring_setup"] = unseen.used_io_uring
