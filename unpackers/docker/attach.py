"""The standard streams of a container, joined to this process's."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

SIGNALS = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)
"""What is passed on; the terminal's too, which doesn't know of the processes in the container."""
STDIN, STDOUT, STDERR = 0, 1, 2
BLOCK = 1 << 16
PATIENCE = 1.0
"""Seconds for which a program may go on writing to a reader that is gone."""


class Demultiplexer:
    """Takes the engine's stream apart: frames of a stream number, a length and content."""

    HEADER = struct.Struct(">BxxxL")

    def __init__(self) -> None:
        """Start before the first frame."""
        self._header = b""
        self._stream = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the pieces, each with the descriptor that it is for; frames may be cut anywhere."""
        while data:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                yield self._stream, piece
                continue
            missing = self.HEADER.size - len(self._header)
            self._header, data = self._header + data[:missing], data[missing:]
            if len(self._header) == self.HEADER.size:
                self._stream, self._left = self.HEADER.unpack(self._header)
                self._header = b""


class Plain:
    """Takes all that the engine sends for output, as it does for a terminal."""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield it."""
        yield STDOUT, data


class Session:
    """One run's streams; ``kill`` sends a signal to the container.

    ``streams`` are descriptors in the place of our standard streams.
    """

    def __init__(
        self,
        connection: socket.socket,
        kill: Callable[[int], None],
        frames: Demultiplexer | Plain | None = None,
        streams: Sequence[int] = (),
    ) -> None:
        """Take a connection that was opened before the container was started."""
        self._stdin, self._stdout, self._stderr = streams or (STDIN, STDOUT, STDERR)
        self._connection = connection
        self._kill = kill
        self._frames = frames or Demultiplexer()
        self._selector = selectors.PollSelector()
        self._to_send = b""
        self._stdin_open = True
        self._broken_since: float | None = None

    def relay(self) -> None:
        """Pass on input, output and signals until the container closes its output."""
        self._connection.setblocking(False)
        with self._selector, _signals() as wake:
            self._selector.register(wake, selectors.EVENT_READ, self._pass_signals)
            self._selector.register(self._connection, selectors.EVENT_READ, self._receive)
            self._watch_stdin()
            while self._connection in self._selector.get_map():
                for key, events in self._selector.select():
                    key.data(key.fileobj, events)

    def _watch_stdin(self) -> None:
        try:
            os.fstat(self._stdin)
        except OSError:  # closed
            self._end_stdin()
        else:
            self._selector.register(self._stdin, selectors.EVENT_READ, self._read_stdin)

    def _read_stdin(self, _stdin: int, _events: int) -> None:
        try:
            self._to_send = os.read(self._stdin, BLOCK)
        except OSError:  # a folder; a terminal that is gone
            self._to_send = b""
        self._selector.unregister(self._stdin)
        if self._to_send:
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(self._connection, both, self._receive)
        else:
            self._end_stdin()

    def _end_stdin(self) -> None:
        self._stdin_open = False
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def _receive(self, _connection: socket.socket, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._send()
        if not events & selectors.EVENT_READ:
            return
        try:
            data = self._connection.recv(BLOCK)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(self._connection)
        for stream, piece in self._frames.feed(data):
            self._write(stream, piece)

    def _send(self) -> None:
        try:
            self._to_send = self._to_send[self._connection.send(self._to_send) :]
        except BlockingIOError:
            return
        except OSError:  # the program reads no more
            self._to_send = b""
        if not self._to_send:
            self._selector.modify(self._connection, selectors.EVENT_READ, self._receive)
            self._selector.register(self._stdin, selectors.EVENT_READ, self._read_stdin)

    def _write(self, stream: int, piece: bytes) -> None:
        """Write to our own stream; if nobody reads it, the program ends, as it would directly."""
        if self._broken_since is not None:
            if time.monotonic() - self._broken_since > PATIENCE:
                self._broken_since = time.monotonic()
                self._kill(signal.SIGTERM)
            return
        try:
            while piece:
                out = self._stderr if stream == STDERR else self._stdout
                piece = piece[os.write(out, piece) :]
        except BrokenPipeError:
            self._broken_since = time.monotonic()
            self._kill(signal.SIGPIPE)

    def _pass_signals(self, wake: socket.socket, _events: int) -> None:
        for signum in wake.recv(BLOCK):
            if signum in SIGNALS:
                self._kill(signum)


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """Yield a socket on which the numbers of arriving signals can be read."""

    def nothing(_signum: int, _frame: FrameType | None) -> None:
        pass

    ours, pythons = socket.socketpair()
    ours.setblocking(False)
    pythons.setblocking(False)
    wakeup = signal.set_wakeup_fd(pythons.fileno())
    before = {s: signal.signal(s, nothing) for s in SIGNALS}
    try:
        yield ours
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        signal.set_wakeup_fd(wakeup)
        ours.close()
        pythons.close()
