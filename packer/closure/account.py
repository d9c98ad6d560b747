"""Account for every file that the runs used: it is in the pack, or somebody is told why not.

This reads the trace's rows by simpler rules than :mod:`rpz.packer.history`, so that a fault there
doesn't go unseen.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from rpz.packer.magic import is_magic
from rpz.packer.select import LeftOut, Reason
from rpz.tracer.rows import FileRow, RemovalRow, RenameRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rpz.tracer.database import TraceDatabase

USED = (
    "existed AND NOT truncated AND NOT is_directory AND NOT mode & 32"
    " AND (mode & 9 OR mode & 18 = 2)"
)
"""Read, looked at, or written in without being emptied, replaced or removed; no socket."""
IN_DEVICES = "substr(name, 1, 5) = '/dev/'"
NEVER = 1 << 63


def unaccounted(database: TraceDatabase, is_known: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Yield the files that were there before the runs, that these used, and that aren't known."""
    uses = _firsts(database, FileRow, "name", USED)
    left = {name: first for name, first in uses if not is_known(name) and not is_magic(name)}
    if not left:
        return
    changes = _Changes(database)
    yield from (name for name, first in left.items() if not changes.explain(name, first))


def kernels_files(database: TraceDatabase) -> Iterator[LeftOut]:
    """Yield regular files in /dev that the runs used: people keep data in /dev/shm."""
    made = dict(_firsts(database, FileRow, "name", f"NOT existed AND {IN_DEVICES}"))
    for name, _ in _firsts(database, FileRow, "name", f"{USED} AND {IN_DEVICES}"):
        if name not in made and _is_file(name):
            yield LeftOut(name, Reason.KERNELS)


class _Changes:
    """When the runs first gave names, took them away, and emptied what they stood for."""

    def __init__(self, database: TraceDatabase) -> None:
        self._made = dict(_firsts(database, FileRow, "name", "NOT existed"))
        self._emptied = dict(_firsts(database, FileRow, "name", "truncated"))
        self._gone = dict(_firsts(database, RemovalRow, "name", "1"))
        self._moved: set[bytes] = set()
        for column, where in (("new", "1"), ("old", "kind != 'hardlink'")):
            for name, first in _firsts(database, RenameRow, column, where):
                self._moved.add(name)
                self._gone[name] = min(first, self._gone.get(name, NEVER))

    def explain(self, name: bytes, used: int) -> bool:
        """Whether what was used under a name was the runs' own.

        Two processes at once: the use may be recorded before the call that made the file.
        """
        gone = self._gone.get(name, NEVER)
        is_new = self._made.get(name, NEVER) < gone
        return is_new or min(gone, self._emptied.get(name, NEVER)) < used or self._is_below(name)

    def _is_below(self, name: bytes) -> bool:
        while len(name) > 1:
            name = os.path.dirname(name)
            if name in self._moved:
                return True
        return False


def _firsts(
    database: TraceDatabase, row: type, column: str, where: str
) -> Iterator[tuple[bytes, int]]:
    yield from database.distinct(row, f"{column}, min(id)", f"{where} GROUP BY {column}")


def _is_file(path: bytes) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
