"""Calls that give a socket an address."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.records import ConnectionKind, Mode
from rpz.tracer.reference.events import Connection, Event, Use
from rpz.tracer.reference.resolve import resolve
from rpz.tracer.reference.task import WORD
from rpz.tracer.reference.view import AT_FDCWD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.tracer.reference.call import Call, Handler
    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.task import Task

LONGEST_ADDRESS = 128
"""``sizeof(struct sockaddr_storage)``."""
MMSGHDR = 64
"""``sizeof(struct mmsghdr)``."""
UIO_MAXIOV = 1024
"""How many messages the kernel sends at once."""


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


def _receiver(call: Call, pointer: int, size: int) -> Sequence[Event]:
    if pointer == 0:
        return ()
    address = call.task.read(pointer, min(size, LONGEST_ADDRESS))
    event = Connection(ConnectionKind.SENDTO, address)
    place = resolve(call.task.view, unix_path(address), AT_FDCWD, follow=True)
    return (Use(place, Mode.WRITE | Mode.SOCKET), event) if place else (event,)


def _sendto(call: Call) -> Sequence[Event]:
    return _receiver(call, call.arguments[4], call.integer(5))


def _message(call: Call, message: int) -> Sequence[Event]:
    """Read a ``struct msghdr``: the address and its length come first."""
    task = call.task
    return _receiver(call, task.read_number(message), task.read_number(message + WORD, 4))


def _sendmsg(call: Call) -> Sequence[Event]:
    return _message(call, call.arguments[1])


def _sendmmsg(call: Call) -> Sequence[Event]:
    """As if all were sent: how many were, shows at the end."""
    _, first, count, *_ = call.arguments
    messages = (first + i * MMSGHDR for i in range(min(count, UIO_MAXIOV)))
    return [event for message in messages for event in _message(call, message)]


def _accept(call: Call) -> Sequence[Event]:
    _, address, length, *_ = call.arguments
    room = call.task.read_number(length, 4) if address else 0
    return (_Acceptance(address, length, min(room, LONGEST_ADDRESS)),)


CALLS: dict[str, Handler] = {
    "connect": _naming(ConnectionKind.CONNECT),
    "bind": _naming(ConnectionKind.BIND),
    "sendto": _sendto,
    "sendmsg": _sendmsg,
    "sendmmsg": _sendmmsg,
    "accept": _accept,
    "accept4": _accept,
}
