"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL)
"""Some network file systems have no locks: there, nobody is kept out."""

PATIENCE = 1.0
"""How many seconds it may take until the files of a killed process are closed."""


class LockedError(RpzError):
    """Another process is at work in the same place."""


@contextlib.contextmanager
def locked(path: Path, error: LockedError) -> Iterator[None]:
    """Hold a lock file, which is made and removed again.

    Raises:
        LockedError: another process holds it; ``error`` is raised.

    """
    file = _hold(path, error)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # gone with its folder, or out of reach
            if _is_still(path, file):
                path.unlink()
        os.close(file)


def is_locked(path: Path) -> bool:
    """Whether a process that locks what it writes is at work on a file.

    One that was killed has its files closed a moment later: it is given that.
    """
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    patience = time.monotonic() + PATIENCE
    try:
        while not (free := _try_to_lock(file)) and time.monotonic() < patience:
            time.sleep(PATIENCE / 50)
        return not free
    finally:
        os.close(file)


def _hold(path: Path, error: LockedError) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if not _try_to_lock(file):
            os.close(file)
            raise error
        if _is_still(path, file):
            return file
        os.close(file)  # who had it before has just removed it


def _try_to_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    return True


def _is_still(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
