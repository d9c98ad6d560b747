"""The files that a run used, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from rpz.tracer.database import TraceDatabase

READ, WRITE, SOCKET = int(Mode.READ), int(Mode.WRITE), int(Mode.SOCKET)
USED = f"mode & {READ | WRITE} AND NOT is_directory AND NOT mode & {SOCKET}"


@dataclass(frozen=True)
class Content:
    """What a file held; ``size`` in bytes."""

    size: int
    sha256: str


@dataclass
class File:
    """A file that a run read or wrote.

    ``made``: it wasn't there before. ``before`` is what was read of what was there before the run,
    ``after`` what the run has left of what it wrote; None where that was not recorded.
    ``processes`` are the numbers of those that used it.
    """

    path: bytes
    made: bool
    read: bool = False
    written: bool = False
    before: Content | None = None
    after: Content | None = None
    processes: set[int] = field(default_factory=set)


def files(database: TraceDatabase, run: int, by: Collection[int] | None = None) -> list[File]:
    """Return the files that a run, or some of its processes, read or wrote, by their paths."""
    found: dict[bytes, File] = {}
    for row in database.rows(FileRow, f"run_id = ? AND {USED}", run):
        if by is not None and row.process not in by:
            continue
        file = found.setdefault(row.name, File(row.name, made=not row.existed))
        file.read |= bool(row.mode & READ)
        file.written |= bool(row.mode & WRITE)
        file.processes.add(row.process)
    for digest in database.rows(DigestRow, "run_id = ?", run):
        if digest.name in found:
            place = "before" if digest.role == "input" else "after"
            setattr(found[digest.name], place, Content(digest.size, digest.sha256))
    return [found[path] for path in sorted(found)]
