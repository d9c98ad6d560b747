"""What a file system tells of changes that are made through mappings of its files."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import Any

TELL = frozenset({0xEF53, 0x58465342, 0x9123683E, 0xF2F52010})
"""ext2 to ext4, XFS, Btrfs, F2FS, as statfs(2) has them: those of disks.

Once a page was written back, they protect it, so that the next write to it changes the file's times
again. What is never written back (tmpfs) or by others (network file systems, FUSE) changes without;
overlays are on any of them.
"""
WRITE_BACK = ("dirty_expire_centisecs", "dirty_writeback_centisecs")
CENTISECOND = 10_000_000
"""In nanoseconds."""
SIZE = 256
"""Bytes that have room for a struct statfs, which begins with the type."""


@cache
def write_back_delay() -> int | None:
    """Return after how many nanoseconds what was written is on the disk; None if that's not known.

    It is so by Linux' settings, on a disk that keeps up.
    """
    with contextlib.suppress(OSError, ValueError):
        settings = [int(Path("/proc/sys/vm", name).read_text("ascii")) for name in WRITE_BACK]
        if all(settings):  # 0: the kernel never looks
            return sum(settings) * CENTISECOND
    return None


@cache
def _libc() -> Any:
    import ctypes  # by whom it is needed: a command is started without

    return ctypes.CDLL(None)


def tells_of_changes(path: bytes) -> bool:
    """Whether the times of a file say that it was changed, however that was done."""
    import ctypes

    status = ctypes.create_string_buffer(SIZE)
    if _libc().statfs(path, status) != 0:
        return False
    return ctypes.c_long.from_buffer(status).value in TELL
