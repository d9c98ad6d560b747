"""What files were before the runs changed them: what the tracer has kept of them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.packer.looks import Look
    from rpz.tracer.rows import SnapshotRow

CONTENT, STATUS = "content", "status"


@dataclass(frozen=True)
class Status:
    """What a file was besides its content: ``modified`` is in nanoseconds since 1970."""

    mode: int
    uid: int
    gid: int
    modified: int


@dataclass(frozen=True)
class Copy:
    """The content that a file had."""

    path: bytes
    size: int


@dataclass
class Before:
    """What was kept of one file: ``first`` at its first change, ``copied`` when its bytes were.

    The two differ when a run changed its mode, say, and only then what is in it. Of ``copied``
    there may be nothing but the record, because the file was too large.
    """

    first: SnapshotRow
    copied: SnapshotRow | None = None

    def add(self, row: SnapshotRow) -> None:
        """Take in a row; the first of its kind counts."""
        if self.copied is None and row.kind != STATUS:
            self.copied = row

    @property
    def status(self) -> Status:
        """What the file was besides its content."""
        row = self.first
        return Status(row.mode, row.uid, row.gid, row.modified)

    def copy(self, snapshots: Path | None) -> Copy | None:
        """Return the copy in the folder of snapshots; None: none was made, or it is gone."""
        row = self.copied
        if snapshots is None or row is None or row.kind != CONTENT:
            return None
        path = os.fsencode(snapshots / str(row.run_id) / str(row.number))
        return Copy(path, row.size) if _is_whole(path, row.size) else None


@dataclass
class Inodes:
    """What was kept of files by what tells that two names are one file.

    Only of those that had several names: the inode of another is free for a new file.
    """

    _known: dict[tuple[int, int], Before] = field(default_factory=dict)

    def add(self, row: SnapshotRow, known: Before | None) -> Before:
        """Take in a row of a file of which ``known`` was kept by this name; return all of it."""
        other = self._known.get(row.place) if row.links > 1 else None
        if other is not None and other.first.run_id != row.run_id:
            other = None  # since then the inode may be another file's
        before = known or other or Before(row)
        before.add(row)
        if row.links > 1:
            self._known.setdefault(row.place, before)
        return before

    def of(self, found: os.stat_result | Look, first_run: int) -> Before | None:
        """Return what was kept of a file that is there now, and was there in ``first_run``."""
        if not self._known:
            return None
        before = self._known.get((found.st_dev, found.st_ino))
        return before if before is not None and first_run <= before.first.run_id else None


def _is_whole(path: bytes, size: int) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size and os.access(path, os.R_OK)
