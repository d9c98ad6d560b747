"""Start the command that is to be traced."""

# ruff: noqa: PTH118 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rpz.errors import NOT_EXECUTABLE, NOT_FOUND, OWN_FAILURE

if TYPE_CHECKING:
    from collections.abc import Sequence

IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
SHELL = b"/bin/sh"


class Command:
    """A child process that becomes the command once it is told to."""

    def __init__(self, argv: Sequence[bytes]) -> None:
        """Fork the child."""
        reader, self._writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writer)
            _become(argv, reader)
        os.close(reader)

    def start(self) -> None:
        """Let the child go on."""
        os.write(self._writer, b"\n")
        os.close(self._writer)

    def abandon(self) -> None:
        """Let the child end without having done anything."""
        os.close(self._writer)
        os.waitpid(self.pid, 0)


def _become(argv: Sequence[bytes], go_ahead: int) -> NoReturn:
    try:
        if os.read(go_ahead, 1):
            _undo_python()
            _complain(argv[0], _execute(argv))
    finally:
        os._exit(OWN_FAILURE)


def _undo_python() -> None:
    """Give the command the signals and the environment that this process was started with."""
    for number in IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    # Python sets LC_CTYPE for itself in the C locale (PEP 538).
    given = Path("/proc/self/environ").read_bytes().split(b"\0")
    locale = [entry.partition(b"=")[2] for entry in given if entry.startswith(b"LC_CTYPE=")]
    if locale:
        os.environb[b"LC_CTYPE"] = locale[0]
    else:
        os.environb.pop(b"LC_CTYPE", None)


def _execute(argv: Sequence[bytes]) -> OSError:
    """Do as execvp(3); return why it failed."""
    reason = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in _candidates(argv[0]):
        error = _failure_of(path, argv)
        if error.errno not in {errno.ENOENT, errno.ENOTDIR}:
            reason = error
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.EACCES}:
            break
    return reason


def _failure_of(path: bytes, argv: Sequence[bytes]) -> OSError:
    try:
        _execute_path(path, argv)
    except OSError as error:
        return error


def _execute_path(path: bytes, argv: Sequence[bytes]) -> NoReturn:
    try:
        os.execv(path, list(argv))  # noqa: S606 (no shell is wanted)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        os.execv(SHELL, [SHELL, path, *argv[1:]])  # noqa: S606 (this is one)


def _candidates(program: bytes) -> list[bytes]:
    if b"/" in program:
        return [program]
    folders = os.environb.get(b"PATH", os.defpath.encode()).split(b":")
    return [os.path.join(folder, program) for folder in folders]


def _complain(program: bytes, error: OSError) -> NoReturn:
    name, number = os.fsdecode(program), error.errno or 0
    if number == errno.ENOENT:
        message, status = f"The command {name} was not found.", NOT_FOUND
    else:
        message = f"The command {name} can't be executed: {os.strerror(number)}."
        status = NOT_EXECUTABLE
    os.write(2, os.fsencode(f"rpz: {message}\n"))
    os._exit(status)
