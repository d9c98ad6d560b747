"""What runs found in files that a later run of the trace has changed.

Runs need not be in the order in which they were traced (``rpz combine``): then what a file was
before a later run changed it isn't what an earlier one has read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.tracer.rows import DigestRow, RunRow

if TYPE_CHECKING:
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import SnapshotRow


@dataclass(frozen=True)
class Seen:
    """By its name, the digest of a file when the first run has read it: of changed files only."""

    by_name: dict[bytes, DigestRow] = field(default_factory=dict)

    @classmethod
    def of(cls, database: TraceDatabase) -> Seen:
        """Return what the runs of a trace have found."""
        found: dict[bytes, DigestRow] = {}
        if database.last_id(RunRow) > 0:
            changed = "role = 'input' AND name IN (SELECT name FROM snapshots)"
            for row in database.rows(DigestRow, changed):
                found.setdefault(row.name, row)
        return cls(found)

    def contradicts(self, kept: SnapshotRow) -> bool:
        """Whether an earlier run has read what is on the disk now, and not what was kept."""
        row = self.by_name.get(kept.name)
        if row is None or row.run_id >= kept.run_id:
            return False
        state = row.size, row.modified
        return state != (kept.size, kept.modified) and state == _state_now(row.name)


def _state_now(name: bytes) -> tuple[int, int] | None:
    try:
        found = os.lstat(name)
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
