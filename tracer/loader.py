"""From the record stream of a run to rows of the trace database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rpz.tracer import records
from rpz.tracer.addresses import describe
from rpz.tracer.records import ConnectionKind, Flag, RenameKind, SnapshotKind
from rpz.tracer.rows import (
    AbsentRow,
    ConnectionRow,
    ExecutionRow,
    FileRow,
    LinkRow,
    ListingRow,
    ProcessRow,
    RemovalRow,
    RenameRow,
    RunRow,
    SnapshotRow,
    WarningRow,
)
from rpz.tracer.stream import RecordStreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.host import Host

EVENTS = (
    FileRow, ExecutionRow, LinkRow, RenameRow, RemovalRow, ConnectionRow,
    AbsentRow, ListingRow, SnapshotRow, WarningRow,
)  # fmt: skip
"""The tables whose ids come from one sequence, so that they say what came before what."""
BATCH = 10_000
"""Rows that are kept before they are inserted."""


class Loader:
    """Turn the records of one run into rows."""

    def __init__(self, database: TraceDatabase, run: int, engine: str, host: Host) -> None:
        """Prepare to add the run with this number."""
        self._database = database
        self._run = run
        self._engine = engine
        self._host = host
        self._event = max(database.last_id(table) for table in EVENTS) + 1
        self._first_process = max(database.last_id(ProcessRow), 0)
        self._paths: dict[int, bytes] = {0: b""}
        self._start: records.Run | None = None
        self._end: records.End | None = None
        self._processes: dict[int, ProcessRow] = {}
        self._executed = False
        self._rows: defaultdict[type[Any], list[Any]] = defaultdict(list)
        self._handlers: dict[type[records.Record], Callable[[Any], None]] = {
            records.Run: self._on_run,
            records.PathName: self._on_path,
            records.Process: self._on_process,
            records.Exit: self._on_exit,
            records.Exec: self._on_exec,
            records.File: self._on_file,
            records.Link: self._on_link,
            records.Rename: self._on_rename,
            records.Remove: self._on_remove,
            records.Connection: self._on_connection,
            records.Absent: self._on_absent,
            records.Listing: self._on_listing,
            records.Snapshot: self._on_snapshot,
            records.Warn: self._on_warning,
            records.End: self._on_end,
        }

    def load(self, stream: Iterable[records.Record]) -> bool:
        """Add the rows of a run; False: its stream ends before a program was started.

        Raises:
            RecordStreamError: the records contradict each other: bytes of the stream have changed.

        """
        try:
            for record in stream:
                self._handlers[type(record)](record)
            if self._start is None or not self._executed:
                return False
            self._add_all(self._start)
        except (KeyError, ValueError, OverflowError) as error:  # no such path, kind; beyond SQLite
            raise RecordStreamError(f"The record stream is damaged: {_said(error)}") from error
        return True

    def _add_all(self, start: records.Run) -> None:
        self._database.add([self._run_row(start)])
        self._database.add(self._processes.values())
        for kind in list(self._rows):
            self._flush(kind)

    def _add(self, row: Any) -> None:
        rows = self._rows[type(row)]
        rows.append(row)
        if len(rows) >= BATCH:
            self._flush(type(row))

    def _flush(self, kind: type[Any]) -> None:
        self._database.add(self._rows[kind])
        self._rows[kind] = []

    def _next(self) -> int:
        self._event += 1
        return self._event - 1

    def _process(self, number: int) -> int:
        return self._first_process + number

    def _run_row(self, start: records.Run) -> RunRow:
        command = self._processes[min(self._processes)]
        end = self._end
        return RunRow(
            id=self._run,
            engine=self._engine,
            argv=_joined(start.argv),
            workingdir=_name(start.workingdir),
            umask=start.umask,
            started=start.wall_clock,
            ended=end.wall_clock if end else None,
            timestamp=start.time,
            end_timestamp=end.time if end else None,
            exitcode=end.status if end else command.exitcode,
            user_time=command.user_time,
            system_time=command.system_time,
            peak_memory=command.peak_memory,
            **asdict(self._host),
        )

    def _on_run(self, record: records.Run) -> None:
        self._start = record

    def _on_end(self, record: records.End) -> None:
        self._end = record

    def _on_path(self, record: records.PathName) -> None:
        if not _name(record.name).startswith(b"/"):
            raise ValueError(f"{record.name!r} is not an absolute path")
        self._paths[record.path] = record.name

    def _on_process(self, record: records.Process) -> None:
        self._processes[record.process] = ProcessRow(
            id=self._process(record.process),
            run_id=self._run,
            parent=self._process(record.parent) if record.parent else None,
            timestamp=record.time,
            is_thread=bool(record.flags & 1),
            exitcode=None,
            exit_timestamp=None,
            tid=record.tid,
            user_time=None,
            system_time=None,
            peak_memory=None,
        )

    def _on_exit(self, record: records.Exit) -> None:
        known = record.memory > 0
        self._processes[record.process] = replace(
            self._processes[record.process],
            exitcode=record.status,
            exit_timestamp=record.time,
            user_time=record.user_time if known else None,
            system_time=record.system_time if known else None,
            peak_memory=record.memory if known else None,
        )

    def _on_exec(self, record: records.Exec) -> None:
        self._executed = True
        self._add(
            ExecutionRow(
                id=self._next(),
                name=self._paths[record.program],
                run_id=self._run,
                timestamp=record.time,
                process=self._process(record.process),
                argv=_joined(record.argv),
                envp=_joined(record.environment),
                workingdir=self._paths[record.workingdir],
            )
        )

    def _on_file(self, record: records.File) -> None:
        self._add(
            FileRow(
                id=self._next(),
                run_id=self._run,
                name=self._paths[record.path],
                timestamp=record.time,
                mode=record.mode,
                is_directory=bool(record.flags & Flag.DIRECTORY),
                process=self._process(record.process),
                existed=bool(record.flags & Flag.EXISTED),
                truncated=bool(record.flags & Flag.TRUNCATED),
            )
        )

    def _on_link(self, record: records.Link) -> None:
        name = self._paths[record.path]
        self._add(LinkRow(self._next(), self._run, name, record.time, _name(record.target)))

    def _on_rename(self, record: records.Rename) -> None:
        self._add(
            RenameRow(
                id=self._next(),
                run_id=self._run,
                timestamp=record.time,
                process=self._process(record.process),
                kind=RenameKind(record.kind).name.lower(),
                old=self._paths[record.old],
                new=self._paths[record.new],
            )
        )

    def _on_remove(self, record: records.Remove) -> None:
        self._add(
            RemovalRow(
                id=self._next(),
                run_id=self._run,
                timestamp=record.time,
                process=self._process(record.process),
                name=self._paths[record.path],
                is_directory=bool(record.flags & 1),
            )
        )

    def _on_connection(self, record: records.Connection) -> None:
        family, address = describe(record.address)
        kind = ConnectionKind(record.kind)
        self._add(
            ConnectionRow(
                id=self._next(),
                run_id=self._run,
                timestamp=record.time,
                process=self._process(record.process),
                inbound=kind is ConnectionKind.ACCEPT,
                family=family,
                protocol=None,
                address=address,
                operation=kind.name.lower(),
            )
        )

    def _on_absent(self, record: records.Absent) -> None:
        name = self._paths[record.path]
        process = self._process(record.process)
        self._add(AbsentRow(self._next(), self._run, name, record.time, process))

    def _on_listing(self, record: records.Listing) -> None:
        self._add(
            ListingRow(
                id=self._next(),
                run_id=self._run,
                name=self._paths[record.path],
                timestamp=record.time,
                process=self._process(record.process),
                entries=_joined(record.entries),
            )
        )

    def _on_snapshot(self, record: records.Snapshot) -> None:
        self._add(
            SnapshotRow(
                id=self._next(),
                run_id=self._run,
                name=self._paths[record.path],
                timestamp=record.time,
                process=self._process(record.process),
                kind=SnapshotKind(record.kind).name.lower(),
                number=record.number,
                mode=record.mode,
                links=record.links,
                uid=record.uid,
                gid=record.gid,
                device=_signed(record.device),
                inode=_signed(record.inode),
                size=record.size,
                accessed=_signed(record.accessed),
                modified=_signed(record.modified),
            )
        )

    def _on_warning(self, record: records.Warn) -> None:
        process = self._process(record.process) if record.process else None
        self._add(WarningRow(self._next(), self._run, record.time, process, record.text))


def _name(name: bytes) -> bytes:
    if b"\0" in name:
        raise ValueError(f"{name!r} is no name")
    return name


def _said(error: Exception) -> str:
    return f"number {error} is nothing's" if isinstance(error, KeyError) else str(error)


def _signed(number: int) -> int:
    """Return a 64-bit number as SQLite can hold it; times before 1970 are negative again."""
    return number - (1 << 64) if number >> 63 else number


def _joined(items: tuple[bytes, ...]) -> bytes:
    return b"".join(item + b"\0" for item in items)
