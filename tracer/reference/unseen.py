"""Calls whose effects the trace does not show: each leaves a warning in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.tracer.reference.events import Doubt, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.tracer.reference.call import Call, Handler

CLONE_NEWNS = 0x00020000
CLONE_UNTRACED = 0x00800000

_IO_URING = "The run used io_uring: files that were opened through it are not in the trace"
_NO_IO_URING = (
    "A program asked for io_uring and was told that there is none, so that what it opens is seen "
    "(--allow-io-uring leaves it alone)"
)
_MOUNTS = "The run changed what is mounted where; later paths may not be those of the host"
_UNTRACED = "The run started a process that can't be traced (CLONE_UNTRACED)"


def _warning(text: str) -> Handler:
    return lambda _: (Doubt(text),)


def _io_uring(call: Call) -> Sequence[Event]:
    """Tell the program that there is no io_uring, if possible: it falls back on calls we see."""
    return (Doubt(_NO_IO_URING if call.task.refuse_call() else _IO_URING),)


used_io_uring = _warning(_IO_URING)
"""Instead of telling so."""


def _clone_flags(flags: int) -> Sequence[Event]:
    namespace = (Doubt(_MOUNTS),) if flags & CLONE_NEWNS else ()
    return (*namespace, Doubt(_UNTRACED)) if flags & CLONE_UNTRACED else namespace


def _clone(call: Call) -> Sequence[Event]:
    return _clone_flags(call.arguments[0])


def _clone3(call: Call) -> Sequence[Event]:
    return _clone_flags(call.task.read_number(call.arguments[0]))  # struct clone_args begins so


CALLS: dict[str, Handler] = {
    "clone": _clone,
    "clone3": _clone3,
    "unshare": _clone,
    "mount": _warning(_MOUNTS),
    "move_mount": _warning(_MOUNTS),
    "pivot_root": _warning(_MOUNTS),
    "setns": _warning(_MOUNTS),
    "io_uring_setup": _io_uring,
    "open_by_handle_at": _warning("The run opened a file by its handle; it is not in the trace"),
}
