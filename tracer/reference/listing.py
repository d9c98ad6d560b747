"""What is in a folder."""

from __future__ import annotations

import os
import stat
import time

from rpz.tracer.reference import deep

MOST_ENTRIES = 100_000
"""A greater folder is a data base of its own."""

TICK = 20_000_000
"""Nanoseconds: two changes that are closer may leave the same time in a folder."""

OF_THE_MACHINE = (b"/proc", b"/sys", b"/dev")
"""What changes by itself."""

LETTERS = {
    stat.S_IFREG: b"f",
    stat.S_IFDIR: b"d",
    stat.S_IFLNK: b"l",
    stat.S_IFIFO: b"p",
    stat.S_IFSOCK: b"s",
    stat.S_IFCHR: b"c",
    stat.S_IFBLK: b"b",
}
"""As of ``find -type``."""


def is_listed(path: bytes) -> bool:
    """Whether a folder's content is worth a record."""
    return not any(path == top or path.startswith(top + b"/") for top in OF_THE_MACHINE)


def state_of(path: bytes) -> tuple[tuple[int, int], bool]:
    """Return what is another after each change of a folder; whether the next may be missed."""
    status = deep.lstat(path)
    recent = status.st_ctime_ns + TICK >= time.time_ns()
    return (status.st_mtime_ns, status.st_ctime_ns), recent


def entries_of(path: bytes) -> tuple[bytes, ...] | None:
    """Return what is in a folder, a letter before each name; None: too much."""
    with deep.open_folder(path) as folder, os.scandir(folder) as entries:
        found: list[bytes] = []
        for entry in entries:
            if len(found) == MOST_ENTRIES:
                return None
            found.append(_letter(entry) + os.fsencode(entry.name))
    return tuple(sorted(found))


def _letter(entry: os.DirEntry[str]) -> bytes:
    try:
        return LETTERS.get(stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode), b"?")
    except FileNotFoundError:  # it went just now
        return b"?"
