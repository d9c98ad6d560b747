"""The graph of runs, from their trace."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.packer.closure.places import Packed, follow
from rpz.provenance.files import files, leaders_of
from rpz.provenance.graph.model import Edge, File, Graph, Joint, Process, Role
from rpz.tracer.fields import items_of
from rpz.tracer.records import SIGNALLED, Mode
from rpz.tracer.rows import ExecutionRow, LinkRow, ProcessRow, RemovalRow, RenameRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rpz.packer.config.model import Package
    from rpz.provenance.files import File as UsedFile
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import RunRow

WRITE = int(Mode.WRITE)


def graph_of(
    database: TraceDatabase,
    runs: Sequence[RunRow],
    packages: Iterable[Package] = (),
    *,
    threads: bool = False,
) -> Graph:
    """Return what runs did; what threads did is their process's, unless ``threads`` are wanted."""
    owners = {bytes(path): package for package in packages for path in package.files}
    graph = Graph(tuple(runs), {}, {}, [])
    for run in runs:
        leaders = {} if threads else leaders_of(database, run.id)
        executed = _executed(database, run.id, leaders)
        _add_processes(graph, database, run, leaders, executed)
        used = files(database, run.id, threads=threads)
        gone = _gone(database, run.id)
        for file in used:
            _add_file(graph, file, gone, owners.get(file.path))
        graph.edges.extend(_moves(database, run.id, leaders, {file.path: file for file in used}))
        links = {row.name: row.target for row in database.rows(LinkRow, "run_id = ?", run.id)}
        places = Packed(links=links, files={file.path: file.path for file in used})
        graph.edges.extend(_executions(executed, places))
    graph.edges[:] = [edge for edge in graph.edges if edge.process in graph.processes]
    return graph


def _executed(
    database: TraceDatabase, run: int, leaders: dict[int, int]
) -> dict[int, list[ExecutionRow]]:
    found: dict[int, list[ExecutionRow]] = defaultdict(list)
    for row in database.rows(ExecutionRow, "run_id = ?", run):
        found[leaders.get(row.process, row.process)].append(row)
    return found


def _add_processes(
    graph: Graph,
    database: TraceDatabase,
    run: RunRow,
    leaders: dict[int, int],
    executed: dict[int, list[ExecutionRow]],
) -> None:
    for row in database.rows(ProcessRow, "run_id = ?", run.id):
        if row.id in leaders:
            continue
        parent = leaders.get(row.parent or 0, row.parent)
        if parent not in graph.processes:
            parent = None
        killed = row.exitcode is not None and row.exitcode >= SIGNALLED
        code = row.exitcode or 0
        rows = executed.get(row.id, [])
        graph.processes[row.id] = Process(
            number=row.id,
            run=run.id,
            parent=parent,
            program=rows[-1].name if rows else b"",
            commands=tuple(tuple(items_of(one.argv)) for one in rows),
            started=row.timestamp - run.timestamp,
            ended=row.exit_timestamp and row.exit_timestamp - run.timestamp,
            status=None if killed else row.exitcode,
            signal=code - SIGNALLED if killed else None,
            is_thread=row.is_thread,
        )
        if parent is not None:
            graph.edges.append(Edge(Joint.STARTS, parent, row.id))


def _add_file(
    graph: Graph, file: UsedFile, gone: frozenset[bytes], package: Package | None
) -> None:
    """Add what one run did with a file to what the runs before it did."""
    graph.edges.extend(Edge(Joint.READS, number, file.path) for number in sorted(file.readers))
    graph.edges.extend(Edge(Joint.WRITES, number, file.path) for number in sorted(file.writers))
    role = _role(file, gone)
    known = graph.files.get(file.path)
    if known is None:
        graph.files[file.path] = File(file.path, role, package, file.before, file.after)
        return
    if role is Role.INPUT:
        role = known.role
    elif known.role is not role and known.role in (Role.INPUT, Role.BOTH):
        role = Role.BOTH
    graph.files[file.path] = replace(known, role=role, after=file.after or known.after)


def _role(file: UsedFile, gone: frozenset[bytes]) -> Role:
    if file.made:
        return Role.TEMPORARY if file.path in gone else Role.OUTPUT
    if not file.written:
        return Role.INPUT
    return Role.BOTH if file.read else Role.OUTPUT


def _gone(database: TraceDatabase, run: int) -> frozenset[bytes]:
    """Return the names that the run took away and didn't give again."""
    last: dict[bytes, int] = {
        row.name: row.id for row in database.rows(RemovalRow, "run_id = ?", run)
    }
    for row in database.rows(RenameRow, "run_id = ? AND kind = 'rename'", run):
        last[row.old] = max(row.id, last.get(row.old, 0))
    written = database.select(
        f"SELECT name, max(id) FROM opened_files WHERE run_id = {run} AND mode & {WRITE}"  # noqa: S608
        " GROUP BY name"
    )
    for name, number in written:
        if number > last.get(name, number):
            del last[name]
    return frozenset(last)


def _moves(
    database: TraceDatabase, run: int, leaders: dict[int, int], used: dict[bytes, UsedFile]
) -> Iterator[Edge]:
    """Yield an edge for each file that got another name: who gave it had the content of both."""
    for row in database.rows(RenameRow, "run_id = ?", run):
        process = leaders.get(row.process, row.process)
        if row.old in used and process not in used[row.old].readers:
            yield Edge(Joint.READS, process, row.old)


def _executions(executed: dict[int, list[ExecutionRow]], places: Packed) -> Iterator[Edge]:
    for number, rows in executed.items():
        for name in dict.fromkeys(row.name for row in rows):
            if (trail := follow(places, name)) is not None:
                yield Edge(Joint.EXECUTES, number, trail.real)
