"""The SHA-256 of a file."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1 << 20
"""Bytes that are read at a time."""
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def buffer() -> memoryview:
    """Return what a thread reads files into."""
    return memoryview(bytearray(BLOCK))


def sha256(
    path: bytes,
    into: memoryview,
    advance: Callable[[int], object],
    is_wanted: Callable[[os.stat_result], bool] = lambda _status: True,
) -> str | None:
    """Return a regular file's digest; None where it can't be read or isn't wanted.

    ``advance`` is called with the bytes of each step before they count; what it raises goes on.
    """
    try:
        file = os.open(path, FLAGS)
    except OSError:
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or not is_wanted(status):
            return None
        return _read(file, status.st_size, into, advance)
    except OSError:
        return None
    finally:
        os.close(file)


def _read(file: int, size: int, into: memoryview, advance: Callable[[int], object]) -> str:
    digest = hashlib.sha256(usedforsecurity=False)
    done = 0
    while count := os.readv(file, [into]):
        advance(count)
        digest.update(into[:count])
        done += count
        if done == size and count < len(into):  # asking again would say so
            break
    return digest.hexdigest()
