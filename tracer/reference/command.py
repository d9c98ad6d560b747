"""Start the command that is to be traced."""

# ruff: noqa: PTH118 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import errno
import os
import signal
from ctypes import c_char_p, get_errno
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ptrace.ctypes_libc import libc

from rpz.errors import NOT_EXECUTABLE, NOT_FOUND, OWN_FAILURE

if TYPE_CHECKING:
    from collections.abc import Sequence

IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
SHELL = b"/bin/sh"
OWN_ENVIRONMENT = Path("/proc/self/environ")
"""What this process was started with: Python may have changed it since (PEP 538)."""


def read_environment(path: Path) -> list[bytes]:
    """Read the entries of an environment, some of which may not be ``NAME=VALUE``."""
    return path.read_bytes().split(b"\0")[:-1]


class Command:
    """A child process that becomes the command once it is told to."""

    def __init__(self, argv: Sequence[bytes], environment: Sequence[bytes]) -> None:
        """Fork the child."""
        reader, self._writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writer)
            _become(argv, environment, reader)
        os.close(reader)

    def start(self) -> None:
        """Let the child go on."""
        os.write(self._writer, b"\n")
        os.close(self._writer)

    def abandon(self) -> None:
        """Let the child end without having done anything."""
        os.close(self._writer)
        os.waitpid(self.pid, 0)


def _become(argv: Sequence[bytes], environment: Sequence[bytes], go_ahead: int) -> NoReturn:
    try:
        if os.read(go_ahead, 1):
            for number in IGNORED_BY_PYTHON:
                signal.signal(number, signal.SIG_DFL)
            _complain(argv[0], _execute(argv, environment))
    finally:
        os._exit(OWN_FAILURE)


def _execute(argv: Sequence[bytes], environment: Sequence[bytes]) -> int:
    """Do as execvpe(3); return the error if that fails."""
    reason = errno.ENOENT
    for path in _candidates(argv[0]):
        error = _execve(path, argv, environment)
        if error == errno.ENOEXEC:
            error = _execve(SHELL, [SHELL, path, *argv[1:]], environment)
        if error not in {errno.ENOENT, errno.ENOTDIR}:
            reason = error
        if error not in {errno.ENOENT, errno.ENOTDIR, errno.EACCES}:
            break
    return reason


def _execve(path: bytes, argv: Sequence[bytes], environment: Sequence[bytes]) -> int:
    # os.execve() takes the environment as a dictionary, in which some have no place.
    libc.execve(c_char_p(path), _array(argv), _array(environment))
    return get_errno()


def _array(strings: Sequence[bytes]) -> object:
    return (c_char_p * (len(strings) + 1))(*strings, None)


def _candidates(program: bytes) -> list[bytes]:
    if b"/" in program:
        return [program]
    folders = os.environb.get(b"PATH", os.defpath.encode()).split(b":")
    return [os.path.join(folder, program) for folder in folders]


def _complain(program: bytes, error: int) -> NoReturn:
    name = os.fsdecode(program)
    if error == errno.ENOENT:
        status = NOT_FOUND
        message = f"{name}: There is no such command. Check its spelling, or give its path."
    else:
        status = NOT_EXECUTABLE
        why = os.strerror(error)
        message = f"{name} can't be executed: {why}. See whether it runs without rpz trace."
    os.write(2, os.fsencode(f"rpz: {message}\n"))
    os._exit(status)
