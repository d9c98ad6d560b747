"""Calls whose effects the trace does not show: each leaves a warning in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.reference.events import Doubt, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.tracer.reference.call import Call, Handler
    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.task import Task

CLONE_NEWNS = 0x00020000
CLONE_UNTRACED = 0x00800000

_IO_URING = "The run used io_uring: files that were opened through it are not in the trace"
_NO_IO_URING = (
    "A program asked for io_uring and was told that there is none, so that what it opens is seen "
    "(--allow-io-uring leaves it alone)"
)
_MOUNTS = "The run changed what is mounted where; later paths may not be those of the host"


def _warning(text: str) -> Handler:
    return lambda _: (Doubt(text),)


def _io_uring(call: Call) -> Sequence[Event]:
    """Tell the program that there is no io_uring, if possible: it falls back on calls we see."""
    return (Doubt(_NO_IO_URING if call.task.refuse_call() else _IO_URING),)


used_io_uring = _warning(_IO_URING)
"""Instead of telling so."""


def _namespace(flags: int) -> Sequence[Event]:
    return (Doubt(_MOUNTS),) if flags & CLONE_NEWNS else ()


def _unshare(call: Call) -> Sequence[Event]:
    return _namespace(call.arguments[0])


def _clone(call: Call) -> Sequence[Event]:
    """Have a task made that is traced, too, whatever the call asks for."""
    flags = call.arguments[0]
    if flags & CLONE_UNTRACED:
        call.task.change_first_argument(flags & ~CLONE_UNTRACED)
    return _namespace(flags)


@dataclass(frozen=True)
class _Flags:
    """Where ``struct clone_args`` begins with what it did before we changed it."""

    address: int
    flags: int

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write nothing to the stream, but put the flags back."""
        del recorder
        task.write_number(self.address, self.flags)


def _clone3(call: Call) -> Sequence[Event]:
    flags = call.task.read_number(call.arguments[0])
    if not flags & CLONE_UNTRACED:
        return _namespace(flags)
    call.task.write_number(call.arguments[0], flags & ~CLONE_UNTRACED)
    return (_Flags(call.arguments[0], flags), *_namespace(flags))


CALLS: dict[str, Handler] = {
    "clone": _clone,
    "clone3": _clone3,
    "unshare": _unshare,
    "mount": _warning(_MOUNTS),
    "move_mount": _warning(_MOUNTS),
    "pivot_root": _warning(_MOUNTS),
    "setns": _warning(_MOUNTS),
    "io_uring_setup": _io_uring,
    "open_by_handle_at": _warning("The run opened a file by its handle; it is not in the trace"),
}
