"""Notice what was changed since the trace, by nobody that was traced."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NoReturn

from rpz.errors import first_of
from rpz.packer.archive.format import PackError
from rpz.packer.select import Kind
from rpz.packer.table import Table
from rpz.tracer.database import TraceDatabase
from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, RunRow

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Container,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from pathlib import Path
    from typing import TypeAlias

    from rpz.packer.select import Needed, Selection

    Item: TypeAlias = Callable[[bytes], Needed | None]
    """What gives the file to compare of a path, None if there is none."""

BLOCK = 1 << 20
SHOWN = 5
"""Files that an error message names before it only counts."""


@dataclass(frozen=True)
class Changes:
    """Files that hold something else than what a run has read, by their paths, sorted.

    ``since``: than what the last run that read it did. ``between``: that one is as it was, but an
    earlier run has read something else. ``unread``: the SHA-256 that files should have whose size
    and time tell nothing; who reads them anyhow can compare.
    """

    since: tuple[bytes, ...] = ()
    between: tuple[bytes, ...] = ()
    unread: Mapping[bytes, str] = field(default_factory=dict)

    def refuse(self) -> None:
        """Raise an error that names what was changed since the trace, if anything was."""
        if self.since:
            raise _refusal(self.since)

    def differs(self, path: bytes, sha256: str) -> bool:
        """Whether a file that was read to be packed isn't what the last run has read."""
        return self.unread.get(path, sha256) != sha256


def refuse(path: bytes) -> NoReturn:
    """Raise an error that names a file which was changed since the trace."""
    raise _refusal((path,))


def _refusal(paths: Sequence[bytes]) -> PackError:
    return PackError(
        f"Changed since the runs were traced: {first_of([*map(os.fsdecode, paths)], SHOWN)}",
        "Put back what they read, trace again, or pack them as they are: --allow-changed",
    )


def changes(trace: Path, selection: Selection, packed: Container[bytes]) -> Changes:
    """Compare what is about to be packed with what the trace knows of it.

    That is the digest which was taken after a run, else that nothing was modified since its end.
    Content is read where size and time don't tell. What a traced run has changed is left alone: the
    trace has it as it was, or says that it hasn't.
    """
    done = frozenset(selection.changed)

    def item(path: bytes) -> Needed | None:
        found = selection.packable(path)
        if found is None or found.kind is not Kind.FILE or found.kept:
            return None
        return found if path in packed and path not in done else None

    moved = [
        found.path
        for found in chain(selection.needed, (left.item for left in selection.withheld))
        if found is not None and found.source not in (None, found.path) and item(found.path)
    ]
    with TraceDatabase.open(trace) as database:
        comparison = _Comparison(item, moved)
        for digest in database.rows(DigestRow, "role = 'input'"):
            comparison.add(digest)
        late = {*_modified_later(database, item, comparison.runs)}
    since = comparison.since | late
    between = tuple(sorted(comparison.between - since))
    return Changes(tuple(sorted(since)), between, comparison.unread)


class _Comparison:
    """Compares what files hold with what each run has read, run after run."""

    def __init__(self, item: Item, moved: Iterable[bytes]) -> None:
        self._item = item
        found = filter(None, map(item, moved))
        self._moved = {item.source: item for item in found if item.source is not None}
        self._sums: dict[bytes, str] = {}
        self.runs: set[int] = set()
        self.since: set[bytes] = set()
        self.between: set[bytes] = set()
        self.unread: Table[str] = Table()

    def add(self, row: DigestRow) -> None:
        self.runs.add(row.run_id)
        if (item := self._item(row.name) or self._moved.get(row.name)) is None:
            return
        source = item.source or item.path
        del self.unread[item.path]
        if not self._is_still(source, row):
            self.since.add(item.path)
            return
        if item.path in self.since:
            self.since.remove(item.path)
            self.between.add(item.path)
        if source not in self._sums:
            self.unread[item.path] = row.sha256

    def _is_still(self, source: bytes, row: DigestRow) -> bool:
        try:
            found = os.lstat(source)
            if (found.st_size, found.st_mtime_ns) == (row.size, row.modified):
                return True
            return found.st_size == row.size and self._sum(source) == row.sha256
        except OSError:  # whoever packs it says so
            return True

    def _sum(self, source: bytes) -> str:
        if source not in self._sums:
            self._sums[source] = sha256_of(source)
        return self._sums[source]


def _modified_later(
    database: TraceDatabase, item_of: Item, hashed: Collection[int]
) -> Iterator[bytes]:
    """Yield what was modified after the end of a run that has left no digests."""
    ends = [(run.id, run.ended) for run in database.rows(RunRow) if run.id not in hashed]
    for run, ended in ends:
        if ended is None:  # it was cut short: nobody knows when
            continue
        for row in database.rows(FileRow, "run_id = ? AND mode & ?", run, int(Mode.READ)):
            if (item := item_of(row.name)) is not None and _modified(item) > ended:
                yield item.path


def _modified(item: Needed) -> int:
    try:
        return os.lstat(item.source or item.path).st_mtime_ns
    except OSError:  # whoever packs it says so
        return 0


def sha256_of(path: bytes) -> str:
    """Return the digest of a file's content, as the trace has it."""
    digest = hashlib.sha256(usedforsecurity=False)
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
