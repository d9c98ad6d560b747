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

EXECUTIONS = frozenset(execution.CALLS)


def succeeded(name: str, result: int) -> bool:
    """Say whether a call has done what it was asked; a connection may still be under way."""
    return result >= 0 or (name == "connect" and result == -errno.EINPROGRESS)
