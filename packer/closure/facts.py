"""What the trace tells about the programs of the runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.rows import ExecutionRow, FileRow, RenameRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.tracer.database import TraceDatabase

VARIABLE = b"\0LD_LIBRARY_PATH="


@dataclass(frozen=True)
class Facts:
    """What a check of the pack needs from the trace.

    ``executed`` are the paths of the programs as they were spelt, ``library_folders`` those of all
    LD_LIBRARY_PATH, ``made`` the names that the runs gave to files of their own.
    """

    executed: frozenset[bytes] = frozenset()
    library_folders: tuple[bytes, ...] = ()
    made: frozenset[bytes] = frozenset()


def read_facts(database: TraceDatabase) -> Facts:
    """Read the trace."""
    executed: dict[bytes, None] = {}
    folders: dict[bytes, None] = {}
    for name, folder, environment in database.distinct(ExecutionRow, "name, workingdir, envp"):
        executed[os.path.join(folder, name)] = None
        folders |= dict.fromkeys(_library_folders(b"\0" + environment, folder))
    return Facts(frozenset(executed), tuple(folders), frozenset(_made(database)))


def _library_folders(environment: bytes, workingdir: bytes) -> Iterable[bytes]:
    """Return the folders in LD_LIBRARY_PATH; an empty one is the working folder."""
    start = environment.find(VARIABLE)
    if start < 0:
        return []
    value = environment[start + len(VARIABLE) :].partition(b"\0")[0]
    listed = value.replace(b";", b":").split(b":") if value else []
    return [os.path.join(workingdir, folder).rstrip(b"/") or b"/" for folder in listed]


def _made(database: TraceDatabase) -> Iterator[bytes]:
    new = "NOT is_directory AND mode & 2 AND (NOT existed OR truncated)"
    for (name,) in database.distinct(FileRow, "name", new):
        yield name
    for old, name, kind in database.distinct(RenameRow, "old, new, kind"):
        yield name
        if kind == b"exchange":
            yield old
