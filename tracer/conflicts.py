"""Find where the runs of a trace saw one file otherwise than a replay in their order will.

Between two runs anybody may have changed a file; runs that were traced apart may be put together in
another order than theirs. The digests tell: they are taken of what each run read and wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING

from rpz.tracer.loader import EVENTS
from rpz.tracer.rows import DigestRow, RunRow, WarningRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.tracer.database import TraceDatabase

SHOWN = 5
"""Files that a sentence names before it only counts."""

HOSTS = "{} was traced on {}, {} on {}: what is packed is what the machine has that packs"
NO_DIGESTS = "There are no digests of {}: whether files were changed between runs is not known"


class Kind(Enum):
    """What is wrong between a run and a later one, as a sentence on both and their files."""

    ORDER = "{second}, which comes after {first}, has made what {first} read: {files}"
    REMADE = "What {first} made was changed before {second} read it: {files}"
    CHANGED = "Changed between {first} and {second}, which both read it, and packed once: {files}"


@dataclass(frozen=True)
class Conflict:
    """One file of which one of two runs won't find what it saw."""

    kind: Kind
    first: int
    second: int
    name: bytes


@dataclass(frozen=True)
class _State:
    """What a file was for a run, or after it."""

    run: int
    sha256: str
    modified: int
    was_made: bool = False


@dataclass
class _Files:
    """What is known of each file up to a run."""

    last: dict[bytes, _State] = field(default_factory=dict)
    first_read: dict[bytes, _State] = field(default_factory=dict)
    found: list[Conflict] = field(default_factory=list)

    def read(self, row: DigestRow) -> None:
        state = _State(row.run_id, row.sha256, row.modified)
        before = self.last.setdefault(row.name, state)
        if before.sha256 != row.sha256:
            kind = Kind.REMADE if before.was_made else Kind.CHANGED
            self.found.append(Conflict(kind, before.run, row.run_id, row.name))
            self.last[row.name] = state
        self.first_read.setdefault(row.name, state)

    def made(self, row: DigestRow) -> None:
        read = self.first_read.get(row.name)
        if read and read.run < row.run_id and _is_same(read, row):
            self.found.append(Conflict(Kind.ORDER, read.run, row.run_id, row.name))
        self.last[row.name] = _State(row.run_id, row.sha256, row.modified, was_made=True)


def _is_same(read: _State, made: DigestRow) -> bool:
    """Whether the very file was read: by its time, too, as a run may write again what was there."""
    return (read.sha256, read.modified) == (made.sha256, made.modified)


def conflicts(database: TraceDatabase) -> list[Conflict]:
    """Return the conflicts of all runs, in the order of the second one."""
    files = _Files()
    for row in database.rows(DigestRow):
        if row.role == "input":
            files.read(row)
        else:
            files.made(row)
    return files.found


def add_warnings(database: TraceDatabase, since: int) -> list[str]:
    """Add the conflicts of the runs from ``since`` on to the trace's warnings, and return them."""
    runs = {run.id: run for run in database.rows(RunRow)}
    found = [conflict for conflict in conflicts(database) if conflict.second >= since]
    sentences = [*_sentences(found, runs), *_incomparable(database, runs, since)]
    number = 1 + max(database.last_id(kind) for kind in EVENTS)
    rows = [
        WarningRow(number + index, second, runs[second].timestamp, None, text)
        for index, (second, text) in enumerate(sentences)
    ]
    database.add(rows)
    return [row.text.decode(errors="backslashreplace") for row in rows]


def _sentences(found: list[Conflict], runs: dict[int, RunRow]) -> Iterable[tuple[int, bytes]]:
    def pair(conflict: Conflict) -> tuple[int, int, str]:
        return conflict.second, conflict.first, conflict.kind.name

    for _, group in groupby(sorted(found, key=pair), key=pair):
        same = list(group)
        names = b", ".join(sorted(conflict.name for conflict in same)[:SHOWN])
        more = f" and {len(same) - SHOWN} more" if len(same) > SHOWN else ""
        first, second = runs[same[0].first].label, runs[same[0].second].label
        words = same[0].kind.value.format(first=first, second=second, files="\0")
        yield same[0].second, words.encode().replace(b"\0", names + more.encode())


def _incomparable(
    database: TraceDatabase, runs: dict[int, RunRow], since: int
) -> Iterable[tuple[int, bytes]]:
    """Yield what is to be said of runs from other machines, and of those without digests."""
    new = [run for number, run in runs.items() if number >= since]
    for run in new:
        before = runs.get(run.id - 1, run)
        if run.hostname != before.hostname:
            words = HOSTS.format(before.label, before.hostname, run.label, run.hostname)
            yield run.id, words.encode("utf-8", "surrogateescape")
    hashed = {row.run_id for row in database.rows(DigestRow)}
    without = [run.label for run in new if run.id not in hashed]
    if without and len(runs) > 1:
        yield new[-1].id, NO_DIGESTS.format(", ".join(without)).encode()
