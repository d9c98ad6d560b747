"""Calls that give a socket an address."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.records import ConnectionKind, Mode
from rpz.tracer.reference.events import Connection, Event, Use
from rpz.tracer.reference.resolve import resolve
from rpz.tracer.reference.view import AT_FDCWD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.tracer.reference.call import Call, Handler
    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.task import Task

LONGEST_ADDRESS = 128
"""``sizeof(struct sockaddr_storage)``."""


@dataclass(frozen=True)
class _Acceptance:
    """A connection from outside; the kernel writes the peer's address during the call."""

    address: int
    length: int
    room: int

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        size = min(self.room, task.read_number(self.length, 4)) if self.address else 0
        recorder.connection(task.number, ConnectionKind.ACCEPT, task.read(self.address, size))


def unix_path(address: bytes) -> bytes:
    """Return the path in a UNIX socket's address; empty if it has none, or an abstract name."""
    if int.from_bytes(address[:2], "little") != socket.AF_UNIX:
        return b""
    return address[2:].partition(b"\0")[0]


def _naming(kind: ConnectionKind) -> Handler:
    def handler(call: Call) -> Sequence[Event]:
        size = min(call.integer(2), LONGEST_ADDRESS)
        address = call.task.read(call.arguments[1], size)
        event = Connection(kind, address)
        follow = kind is not ConnectionKind.BIND
        place = resolve(call.task.view, unix_path(address), AT_FDCWD, follow=follow)
        return (Use(place, Mode.WRITE | Mode.SOCKET), event) if place else (event,)

    return handler


def _accept(call: Call) -> Sequence[Event]:
    _, address, length, *_ = call.arguments
    room = call.task.read_number(length, 4) if address else 0
    return (_Acceptance(address, length, min(room, LONGEST_ADDRESS)),)


CALLS: dict[str, Handler] = {
    "connect": _naming(ConnectionKind.CONNECT),
    "bind": _naming(ConnectionKind.BIND),
    "accept": _accept,
    "accept4": _accept,
}
