"""File systems that a traced program serves (FUSE): to ask one while it is stopped is to hang."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

FUSE = os.makedev(10, 229)
"""``/dev/fuse``, of the kernel's admin-guide/devices.txt."""
TYPES = re.compile(rb"fuse(blk|\..*)?")

UNASKED = (
    "A program of the run serves a file system (FUSE), which is not asked while it is traced: what "
    "was used there is not in the trace"
)


class Watch:
    """From when a traced program opens ``/dev/fuse``, so that no other run pays for it."""

    def __init__(self) -> None:
        """Watch for nothing."""
        self._others: set[bytes] | None = None
        """What programs serve that aren't traced; None: nothing is watched for."""

    def note_open(self, status: os.stat_result) -> None:
        """Watch from now on if that is how a file system comes to be served."""
        if self._others is None and stat.S_ISCHR(status.st_mode) and status.st_rdev == FUSE:
            self._others = _mounted("self")

    def serves(self, tid: int, path: bytes) -> bool:
        """Whether a path, as a task knows it, is or may be in such a file system."""
        if self._others is None:
            return False
        folders = _mounted(str(tid)) - self._others
        return any(path == folder or path.startswith(folder + b"/") for folder in folders)


WATCH = Watch()


def _mounted(task: str) -> set[bytes]:
    """Return where a task finds file systems of that kind (proc_pid_mounts(5))."""
    lines = [line.split(b" ") for line in Path(f"/proc/{task}/mounts").read_bytes().splitlines()]
    return {_unescaped(folder) for _, folder, kind, *_ in lines if TYPES.fullmatch(kind)}


def _unescaped(name: bytes) -> bytes:
    return re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1], 8)]), name)
