"""Facts about a run that the engine doesn't see (``docs/run-record.md``).

They are written to a file before the command starts, so that a crash still leaves them.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import FactRow


class Fact(NamedTuple):
    """What is known of a run; ``source`` is the file or folder that it is about, if any."""

    topic: str
    name: str
    value: bytes
    source: bytes = b""


def write_facts(path: Path, facts: Iterable[Fact]) -> None:
    """Write what is known before a run to a new file."""
    path.parent.mkdir(exist_ok=True)
    lines = [[f.topic, f.name, os.fsdecode(f.value), os.fsdecode(f.source)] for f in facts]
    with path.open("w", encoding="ascii") as file:
        json.dump(lines, file, indent=0)
        file.flush()
        os.fsync(file.fileno())


def read_facts(path: Path) -> Iterator[Fact]:
    """Yield what a file has; nothing of one that was cut short."""
    try:
        lines = json.loads(path.read_bytes())
        yield from [Fact(t, n, os.fsencode(v), os.fsencode(s)) for t, n, v, s in lines]
    except (FileNotFoundError, ValueError, TypeError):
        return


def add_facts(database: TraceDatabase, run: int, facts: Iterable[Fact]) -> None:
    """Add facts about a run to a trace."""
    from rpz.tracer.rows import FactRow

    first = database.last_id(FactRow) + 1
    database.add(
        FactRow(number, run, fact.topic, fact.name, fact.value, fact.source)
        for number, fact in enumerate(facts, first)
    )


def facts_of(database: TraceDatabase, run: int) -> list[FactRow]:
    """Return what is known of a run, in the order in which it was learnt."""
    from rpz.tracer.rows import FactRow

    return list(database.rows(FactRow, "run_id = ?", run))
