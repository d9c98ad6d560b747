"""A run in a container with a terminal of its own, joined to ours.

Whether a container has a terminal is settled when it is made, so the program is started in it by
the engine (exec), while init only holds the container.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from docker.errors import APIError

from rpz.unpackers.docker.attach import STDERR, STDIN, STDOUT, Plain, Session

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from docker import APIClient

HOLD = "hold"
"""What init is asked for in the place of a run: to wait until its standard input ends."""
NEVER = "ctrl-_,ctrl-],ctrl-_,ctrl-]"
"""Keys at which the engine would let the program go on alone; its default takes Ctrl-P away."""
PAUSE = 0.01
"""Seconds between questions whether a program whose terminal is closed has ended."""


def is_there() -> bool:
    """Whether all of our standard streams are a terminal, on a system that rpz knows them of."""
    if sys.platform == "win32":
        return False
    return all(os.isatty(stream) for stream in (STDIN, STDOUT, STDERR))


@dataclass(frozen=True)
class Program:
    """A run that was started on a terminal in a container that is being held."""

    engine: APIClient
    container: str
    id: str
    connection: socket.socket

    def attend(self) -> int:
        """Join its terminal to ours until it ends; return its status."""
        with _raw():
            self._resize()
            Session(self.connection, self._pass_on, Plain()).relay()
        while (state := self.engine.exec_inspect(self.id))["Running"]:
            time.sleep(PAUSE)
        return int(state["ExitCode"])

    def _pass_on(self, signum: int) -> None:
        with contextlib.suppress(APIError):  # it has ended
            if signum == signal.SIGWINCH:
                self._resize()
            else:
                self.engine.kill(self.container, signum)

    def _resize(self) -> None:
        size = os.get_terminal_size(STDIN)
        with contextlib.suppress(APIError):
            self.engine.exec_resize(self.id, height=size.lines, width=size.columns)


def started(engine: APIClient, container: str, index: int) -> Program | None:
    """Start a run; None: its init is of an older rpz, and didn't hold the container."""
    words = ["/.rpz/init", str(index)]
    try:
        id_ = engine.exec_create(container, words, stdin=True, tty=True, detach_keys=NEVER)["Id"]
        stream = engine.exec_start(id_, tty=True, socket=True)
    except APIError:
        return None
    return Program(engine, container, id_, cast("socket.socket", getattr(stream, "_sock", stream)))


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Let keys go to the program's terminal: that one echoes, and makes signals of some."""
    import termios
    import tty

    before = termios.tcgetattr(STDIN)
    tty.setraw(STDIN, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
