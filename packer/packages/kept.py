"""What was made of files' contents, as long as these stay as they are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Stamp: TypeAlias = tuple[int, int, int, int, int]

T = TypeVar("T")

SETTLED = 2 * 1_000_000_000
"""Nanoseconds since a file's last change after which another one gives it another time."""


class Kept(Generic[T]):
    """Makes something of files, and again only of those that have changed since."""

    def __init__(self, make: Callable[[bytes], T]) -> None:
        """Begin with nothing; ``make`` is called with the path of a file."""
        self._make = make
        self._made: dict[bytes, tuple[Stamp, T]] = {}

    def of(self, path: bytes) -> T:
        """Return what is made of a file, which need not be there."""
        stamp = _settled(path)
        known = self._made.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        made = self._make(path)
        if stamp is not None:  # else it may change once more, and look the same
            self._made[path] = (stamp, made)
        return made


def _settled(path: bytes) -> Stamp | None:
    """Return what is another when a file's content is; None: it isn't there, or just changed."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if time.time_ns() - found.st_ctime_ns < SETTLED:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
