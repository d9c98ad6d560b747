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
from typing import TYPE_CHECKING, cast

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


def run(engine: APIClient, container: str, index: int) -> int:
    """Perform a run in a container that is being held, and return its status.

    Raises:
        APIError: the container has ended.

    """
    command = ["/.rpz/init", str(index)]
    program = engine.exec_create(container, command, stdin=True, tty=True, detach_keys=NEVER)["Id"]
    stream = engine.exec_start(program, tty=True, socket=True)
    connection = cast("socket.socket", getattr(stream, "_sock", stream))

    def passed(signum: int) -> None:
        if signum == signal.SIGWINCH:
            _resize(engine, program)
        else:
            engine.kill(container, signum)

    with _raw():
        _resize(engine, program)
        Session(connection, passed, Plain()).relay()
    return _status(engine, program)


def _resize(engine: APIClient, program: str) -> None:
    size = os.get_terminal_size(STDIN)
    engine.exec_resize(program, height=size.lines, width=size.columns)


def _status(engine: APIClient, program: str) -> int:
    while (state := engine.exec_inspect(program))["Running"]:
        time.sleep(PAUSE)
    return int(state["ExitCode"])


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
