"""From the record stream of a run to rows of the trace database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rpz.tracer import records
from rpz.tracer.addresses import describe
from rpz.tracer.fields import GREATEST, held, joined, name_of, signed
from rpz.tracer.meanwhile import NOTHING
from rpz.tracer.records import TYPES, ConnectionKind, Flag, Mode, RenameKind, SnapshotKind, u32, u64
from rpz.tracer.rows import (
    AbsentRow,
    ConnectionRow,
    ExecutionRow,
    FileRow,
    LinkRow,
    ListingRow,
    ProcessRow,
    RandomRow,
    RemovalRow,
    RenameRow,
    RunRow,
    SnapshotRow,
    WarningRow,
)
from rpz.tracer.stream import RecordStreamError, damaged, values_of
from rpz.tracer.ways import checked, with_ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.host import Host
    from rpz.tracer.stream import Values

    Handler = Callable[..., None]

EVENTS = (
    FileRow, ExecutionRow, LinkRow, RenameRow, RemovalRow, ConnectionRow,
    AbsentRow, ListingRow, SnapshotRow, WarningRow, RandomRow,
)  # fmt: skip
"""The tables whose ids come from one sequence, so that they say what came before what."""
BATCH = 10_000
"""Rows that are kept before they are inserted."""
DIRECTORY, EXISTED, TRUNCATED, READ = map(
    int, (Flag.DIRECTORY, Flag.EXISTED, Flag.TRUNCATED, Mode.READ)
)
"""As plain numbers: an enum's take longer than all the rest of a row."""


class Loader:
    """Turn the records of one run into rows."""

    meanwhile = NOTHING
    """Its ``on_read`` and ``on_path`` are called."""

    def __init__(self, database: TraceDatabase, run: int, engine: str, host: Host) -> None:
        """Prepare to add the run with this number."""
        self._database = database
        self._run = run
        self._engine = engine
        self._host = host
        self._event = max(database.last_id(table) for table in EVENTS) + 1
        self._first_process = max(database.last_id(ProcessRow), 0)
        self._time = 0
        self._paths: dict[int, bytes] = {0: b""}
        self._start: records.Run | None = None
        self._end: records.End | None = None
        self._ways: records.Ways | None = None
        self._processes: dict[int, ProcessRow] = {}
        self._executed = False
        self._rows: defaultdict[type[Any], list[Any]] = defaultdict(list)
        self._handlers: dict[int, Handler] = {
            TYPES[records.PathName]: self._on_path,
            TYPES[records.File]: self._on_file,
            TYPES[records.Absent]: self._on_absent,
        }
        for kind, handler in (
            (records.Run, self._on_run),
            (records.Process, self._on_process),
            (records.Exit, self._on_exit),
            (records.Exec, self._on_exec),
            (records.Link, self._on_link),
            (records.Rename, self._on_rename),
            (records.Remove, self._on_remove),
            (records.Connection, self._on_connection),
            (records.Listing, self._on_listing),
            (records.Snapshot, self._on_snapshot),
            (records.Traffic, self._on_traffic),
            (records.Random, self._on_random),
            (records.Ways, self._on_ways),
            (records.Warn, self._on_warning),
            (records.End, self._on_end),
        ):
            self._handlers[TYPES[kind]] = _of_record(kind, handler)

    def load(self, stream: Iterable[records.Record]) -> bool:
        """Do what :meth:`load_values` does, from whole records."""
        return self.load_values(map(values_of, stream))

    def load_values(
        self, stream: Iterable[tuple[int, Values]], *, up_to_damage: bool = False
    ) -> bool:
        """Add the rows of a run; False: its stream ends before a program was started.

        With ``up_to_damage``, what comes before the first record that can't be read, or that
        contradicts those before it, is a run as well, with a warning. What comes after that is not
        taken: paths and processes may be called by numbers that were lost, or given twice.

        Raises:
            RecordStreamError: the stream is damaged, or its records contradict each other; with
                ``up_to_damage``, only if that is before a program was started.

        """
        try:
            self.take(stream)
        except RecordStreamError as error:
            if not (up_to_damage and self._executed):
                raise
            text = f"{error.message}: what came after is lost".encode()
            self._on_warning(records.Warn(u64(self._time), u32(0), u32(0), text))
        if self._start is None or not self._executed:
            return False
        self._add_all(self._start)
        return True

    def take(self, stream: Iterable[tuple[int, Values]]) -> None:
        """Add the rows of some records, of which others are still to come.

        Raises:
            RecordStreamError: the stream is damaged, or its records contradict each other.

        """
        handlers = self._handlers
        try:
            for kind, values in stream:
                time = values[0]
                self._time = time if time <= GREATEST else held(time)
                handlers[kind](*values)
        except (KeyError, ValueError) as error:  # no such path, process, kind; beyond SQLite
            raise damaged(error) from error

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
        row = RunRow(
            id=self._run,
            engine=self._engine,
            argv=joined(start.argv),
            workingdir=start.workingdir,
            umask=start.umask,
            started=start.wall_clock,
            ended=end.wall_clock if end else None,
            timestamp=start.time,
            end_timestamp=end.time if end else None,
            exitcode=end.status if end else command.exitcode,
            user_time=command.user_time,
            system_time=command.system_time,
            peak_memory=command.peak_memory,
            bytes_read=command.bytes_read,
            bytes_written=command.bytes_written,
            **asdict(self._host),
        )
        return with_ways(row, self._ways)

    def _on_run(self, record: records.Run) -> None:
        held(record.wall_clock)
        name_of(record.workingdir)
        self._start = record

    def _on_end(self, record: records.End) -> None:
        held(record.wall_clock)
        self._end = record

    def _on_path(self, _time: int, path: int, name: bytes) -> None:
        if name[:1] != b"/" or b"\0" in name:
            raise ValueError(f"{name!r} is not an absolute path")
        self._paths[path] = name
        if (on_path := self.meanwhile.on_path) is not None:
            on_path(name)

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
        self._processes[record.process] = self._processes[record.process]._replace(
            exitcode=record.status,
            exit_timestamp=record.time,
            user_time=held(record.user_time) if known else None,
            system_time=held(record.system_time) if known else None,
            peak_memory=held(record.memory) if known else None,
        )

    def _on_traffic(self, record: records.Traffic) -> None:
        self._processes[record.process] = self._processes[record.process]._replace(
            bytes_read=held(record.read), bytes_written=held(record.written)
        )

    def _on_exec(self, record: records.Exec) -> None:
        self._add(
            ExecutionRow(
                id=self._next(),
                name=self._paths[record.program],
                run_id=self._run,
                timestamp=record.time,
                process=self._processes[record.process].id,
                argv=joined(record.argv),
                envp=joined(record.environment),
                workingdir=self._paths[record.workingdir],
            )
        )
        self._executed = True

    def _on_file(self, time: int, process: int, path: int, mode: int, flags: int) -> None:
        name = self._paths[path]
        if mode & READ and flags & (EXISTED | DIRECTORY) == EXISTED and self.meanwhile.on_read:
            self.meanwhile.on_read(name)
        event = self._event  # what others call functions for: most records are these
        self._event = event + 1
        rows = self._rows[FileRow]
        rows.append(
            FileRow(
                event, self._run, name, time, mode, flags & DIRECTORY != 0,
                self._first_process + process, flags & EXISTED != 0, flags & TRUNCATED != 0,
            )
        )  # fmt: skip
        if len(rows) >= BATCH:
            self._flush(FileRow)

    def _on_link(self, record: records.Link) -> None:
        name = self._paths[record.path]
        self._add(LinkRow(self._next(), self._run, name, record.time, name_of(record.target)))

    def _on_rename(self, record: records.Rename) -> None:
        process, kind = self._process(record.process), RenameKind(record.kind).name.lower()
        old, new = self._paths[record.old], self._paths[record.new]
        self._add(RenameRow(self._next(), self._run, record.time, process, kind, old, new))

    def _on_remove(self, record: records.Remove) -> None:
        name, process = self._paths[record.path], self._process(record.process)
        is_folder = bool(record.flags & 1)
        self._add(RemovalRow(self._next(), self._run, record.time, process, name, is_folder))

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

    def _on_absent(self, time: int, process: int, path: int) -> None:
        name = self._paths[path]
        self._add(AbsentRow(self._next(), self._run, name, time, self._process(process)))

    def _on_listing(self, record: records.Listing) -> None:
        name, process = self._paths[record.path], self._process(record.process)
        entries = joined(record.entries)
        self._add(ListingRow(self._next(), self._run, name, record.time, process, entries))

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
                device=signed(record.device),
                inode=signed(record.inode),
                size=held(record.size),
                accessed=signed(record.accessed),
                modified=signed(record.modified),
            )
        )

    def _on_random(self, record: records.Random) -> None:
        process, size = self._process(record.process), held(record.size)
        self._add(RandomRow(self._next(), self._run, record.time, process, size))

    def _on_ways(self, record: records.Ways) -> None:
        self._ways = checked(record)

    def _on_warning(self, record: records.Warn) -> None:
        process = self._process(record.process) if record.process else None
        self._add(WarningRow(self._next(), self._run, record.time, process, record.text))


def _of_record(kind: type[Any], handler: Callable[[Any], None]) -> Handler:
    """Return what makes the record of its values: of the types that come seldom."""
    return lambda *values: handler(kind(*values))
