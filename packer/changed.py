"""Notice what was changed since the trace, by nobody that was traced."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.select import Kind
from rpz.tracer.database import TraceDatabase
from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from rpz.packer.select import Needed, Selection

BLOCK = 1 << 20
SHOWN = 5
"""Files that an error message names before it only counts."""


@dataclass(frozen=True)
class Changes:
    """Files that hold something else than what a run has read, by their paths, sorted.

    ``since``: than what the last run that read it did. ``between``: that one is as it was, but an
    earlier run has read something else.
    """

    since: tuple[bytes, ...] = ()
    between: tuple[bytes, ...] = ()

    def refuse(self) -> None:
        """Raise an error that names what was changed since the trace, if anything was."""
        if not self.since:
            return
        names = ", ".join(map(os.fsdecode, self.since[:SHOWN]))
        more = f" and {len(self.since) - SHOWN} more" if len(self.since) > SHOWN else ""
        raise PackError(
            f"Changed since the runs were traced: {names}{more}",
            "Put back what they read, trace again, or pack them as they are: --allow-changed",
        )


def changes(trace: Path, selection: Selection, packed: Collection[bytes]) -> Changes:
    """Compare what is about to be packed with what the trace knows of it.

    That is the digest which was taken after a run, else that nothing was modified since its end.
    Content is read where size and time don't tell. What a traced run has changed is left alone: the
    trace has it as it was, or says that it hasn't.
    """
    paths = {*packed}.difference(selection.changed)
    items = [
        item
        for item in selection.packable.values()
        if item.kind is Kind.FILE and not item.kept and item.path in paths
    ]
    with TraceDatabase.open(trace) as database:
        digests = _digests(database)
        late = {*_modified_later(database, items, digests)}
    since, between = set(late), set()
    for item in items:
        rows = digests.get(item.path) or digests.get(item.source or b"") or []
        if rows and not _is_still(item, rows[-1]):
            since.add(item.path)
        elif any(row.sha256 != rows[-1].sha256 for row in rows):
            between.add(item.path)
    return Changes(tuple(sorted(since)), tuple(sorted(between - since)))


def _digests(database: TraceDatabase) -> dict[bytes, list[DigestRow]]:
    found: dict[bytes, list[DigestRow]] = defaultdict(list)
    for row in database.rows(DigestRow, "role = 'input'"):
        found[row.name].append(row)
    return found


def _modified_later(
    database: TraceDatabase, items: list[Needed], digests: dict[bytes, list[DigestRow]]
) -> Iterator[bytes]:
    """Yield what was modified after the end of a run that has left no digests."""
    hashed = {row.run_id for rows in digests.values() for row in rows}
    ends = [(run.id, run.ended) for run in database.rows(RunRow) if run.id not in hashed]
    for run, ended in ends:
        if ended is None:  # it was cut short: nobody knows when
            continue
        read = {
            row.name
            for row in database.rows(FileRow, "run_id = ? AND mode & ?", run, int(Mode.READ))
        }
        for item in items:
            if item.path in read and _modified(item) > ended:
                yield item.path


def _modified(item: Needed) -> int:
    try:
        return os.lstat(item.source or item.path).st_mtime_ns
    except OSError:  # whoever packs it says so
        return 0


def _is_still(item: Needed, row: DigestRow) -> bool:
    source = item.source or item.path
    try:
        found = os.lstat(source)
        if found.st_size != row.size:
            return False
        return found.st_mtime_ns == row.modified or _sha256(source) == row.sha256
    except OSError:  # whoever packs it says so
        return True


def _sha256(path: bytes) -> str:
    digest = hashlib.sha256(usedforsecurity=False)
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
