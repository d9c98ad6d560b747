"""The processes of a run, as a tree."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.tracer.fields import items_of
from rpz.tracer.records import SIGNALLED
from rpz.tracer.rows import ExecutionRow, ProcessRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.tracer.database import TraceDatabase


@dataclass
class Process:
    """A process; ``commands`` are what it executed, in their order, each a list of words.

    Times are nanoseconds, ``memory`` and what was ``read`` and ``written`` bytes; times and bytes
    are of it and of the children that it has waited for; ``started`` is on the clock of the trace.
    None: not known. ``status`` and ``signal`` exclude each other.
    """

    number: int
    tid: int
    started: int
    commands: list[list[str]]
    wall: int | None
    cpu: int | None
    memory: int | None
    read: int | None
    written: int | None
    status: int | None
    signal: int | None
    threads: int = 0
    children: list[Process] = field(default_factory=list)

    def all(self, depth: int = 0) -> Iterator[tuple[int, Process]]:
        """Yield it and what it started, each with how deep it is."""
        stack = [(depth, self)]
        while stack:
            depth, process = stack.pop()
            yield depth, process
            stack += [(depth + 1, child) for child in reversed(process.children)]


def processes(database: TraceDatabase, run: int) -> list[Process]:
    """Return the processes of a run that have no known parent, the command first."""
    commands: dict[int, list[list[str]]] = defaultdict(list)
    for row in database.rows(ExecutionRow, "run_id = ?", run):
        commands[row.process].append([os.fsdecode(w) for w in items_of(row.argv)])
    made: dict[int, Process] = {}
    roots: list[Process] = []
    for entry in database.rows(ProcessRow, "run_id = ?", run):
        above = made.get(entry.parent) if entry.parent is not None else None
        if entry.is_thread and above is not None:
            above.threads += 1
            above.commands += commands[entry.id]  # a thread that executes takes the process over
            made[entry.id] = above
            continue
        made[entry.id] = process = _process(entry, commands[entry.id])
        (above.children if above is not None else roots).append(process)
    return roots


def _process(row: ProcessRow, commands: list[list[str]]) -> Process:
    ended = row.exit_timestamp is not None
    killed = row.exitcode is not None and row.exitcode >= SIGNALLED
    return Process(
        number=row.id,
        tid=row.tid,
        started=row.timestamp,
        commands=commands,
        wall=row.exit_timestamp - row.timestamp if row.exit_timestamp is not None else None,
        cpu=_sum(row.user_time, row.system_time) if ended else None,
        memory=row.peak_memory,
        read=row.bytes_read,
        written=row.bytes_written,
        status=None if killed else row.exitcode,
        signal=row.exitcode - SIGNALLED if killed and row.exitcode is not None else None,
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
