"""The files that a run used, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, ProcessRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from rpz.tracer.database import TraceDatabase

READ, WRITE, SOCKET = int(Mode.READ), int(Mode.WRITE), int(Mode.SOCKET)
AS_FOUND = """
SELECT name FROM opened_files WHERE run_id = ?1 AND NOT is_directory AND name IN (
    SELECT name FROM opened_files WHERE run_id = ?1 AND NOT is_directory AND existed AND mode & ?2
) GROUP BY name HAVING min(id) = min(CASE WHEN existed THEN id END) ORDER BY name
"""
"""What was read and there when it was first used; most files in a long trace are only looked at."""
USED = f"mode & {READ | WRITE} AND NOT is_directory AND NOT mode & {SOCKET}"


def read_as_found(database: TraceDatabase, run: int) -> list[bytes]:
    """Return the files that a run read and that were there before it, sorted by their names.

    What a process of the run made for another to read is not among them.
    """
    return [name for (name,) in database.select(AS_FOUND, run, READ)]


@dataclass(frozen=True)
class Content:
    """What a file held; ``size`` in bytes."""

    size: int
    sha256: str


@dataclass
class File:
    """A file that a run read or wrote.

    ``made``: what it first held is the run's, which made or emptied it. ``before`` is what was read
    of what was there before the run, ``after`` what the run has left of what it wrote; None where
    that was not recorded.
    ``readers`` and ``writers`` are the numbers of the processes that did.
    """

    path: bytes
    made: bool
    before: Content | None = None
    after: Content | None = None
    readers: set[int] = field(default_factory=set)
    writers: set[int] = field(default_factory=set)

    @property
    def read(self) -> bool:
        """Whether it was read."""
        return bool(self.readers)

    @property
    def written(self) -> bool:
        """Whether it was written to."""
        return bool(self.writers)


def leaders_of(database: TraceDatabase, run: int) -> dict[int, int]:
    """Return the processes of a run's threads, by their numbers."""
    leaders: dict[int, int] = {}
    for row in database.rows(ProcessRow, "run_id = ? AND is_thread AND parent IS NOT NULL", run):
        if row.parent is not None:
            leaders[row.id] = leaders.get(row.parent, row.parent)
    return leaders


def files(
    database: TraceDatabase, run: int, by: Collection[int] | None = None, *, threads: bool = False
) -> list[File]:
    """Return the files that a run, or some of its processes, read or wrote, by their paths.

    What threads did is their process's, unless ``threads`` are wanted as readers and writers.
    """
    leaders = {} if threads else leaders_of(database, run)
    found: dict[bytes, File] = {}
    for row in database.rows(FileRow, f"run_id = ? AND {USED}", run):
        process = leaders.get(row.process, row.process)
        if by is not None and process not in by:
            continue
        file = found.setdefault(row.name, File(row.name, made=not row.existed or row.truncated))
        if row.mode & READ:
            file.readers.add(process)
        if row.mode & WRITE:
            file.writers.add(process)
    for digest in database.rows(DigestRow, "run_id = ?", run):
        if digest.name in found:
            place = "before" if digest.role == "input" else "after"
            setattr(found[digest.name], place, Content(digest.size, digest.sha256))
    return [found[path] for path in sorted(found)]
