"""What was made of files' contents, as long as these stay as they are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from rpz.tracer.early import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpz.tracer.early import Stamp

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
        now = _settled(path)
        known = self._made.get(path)
        if known is not None and known[0] == now:
            return known[1]
        made = self._make(path)
        if now is not None:  # else it may change once more, and look the same
            self._made[path] = (now, made)
        return made


def _settled(path: bytes) -> Stamp | None:
    """Return a file's stamp; None: it isn't there, or has just changed."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return stamp(found) if time.time_ns() - found.st_ctime_ns >= SETTLED else None
