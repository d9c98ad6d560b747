"""What files are, looked at while a run goes on, so that nobody waits for it when it has ended.

That counts for files which the runs only used as they were. What they made, changed or moved is
looked at in the end.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from rpz.packer.magic import is_magic

MOST = 30_000
"""Paths that are looked at: some 250 bytes each."""
STEP = 100
"""Paths that are looked at in a step."""


class Look(NamedTuple):
    """What matters of a file's status; of a file or folder that may be read."""

    st_mode: int
    st_size: int
    st_dev: int
    st_ino: int


class Looks:
    """Looks at paths, some at a time."""

    def __init__(self) -> None:
        """Begin with none."""
        self.offered: list[bytes] = []
        """Paths that will be wanted; more may come."""
        self._next = 0
        self._found: dict[bytes, Look] = {}

    def offer(self, path: bytes) -> None:
        """Tell of a path that will be wanted."""
        if len(self.offered) < MOST:
            self.offered.append(path)

    def step(self) -> bool:
        """Look at some of the paths; return whether there are more."""
        begin = self._next
        self._next = min(begin + STEP, len(self.offered))
        for path in self.offered[begin : self._next]:
            if (look := _look(path)) is not None:
                self._found[path] = look
        return self._next < len(self.offered)

    def get(self, path: bytes) -> Look | None:
        """Return what was found at a path, if it was looked at."""
        return self._found.get(path)


def _look(path: bytes) -> Look | None:
    if is_magic(path):
        return None
    try:
        found = os.lstat(path)
    except OSError:
        return None
    mode = found.st_mode
    if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and os.access(path, os.R_OK)):
        return Look(mode, found.st_size, found.st_dev, found.st_ino)
    return None


NOTHING = Looks()
"""For who hasn't looked at anything."""
