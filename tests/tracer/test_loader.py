from __future__ import annotations

import socket
import struct
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings

from rpz.tracer import records
from rpz.tracer.database import TraceDatabase
from rpz.tracer.host import Host
from rpz.tracer.loader import EVENTS, Loader
from rpz.tracer.records import ConnectionKind, Flag, Mode, Record, RenameKind
from rpz.tracer.rows import (
    TABLES,
    ConnectionRow,
    ExecutionRow,
    FileRow,
    LinkRow,
    ProcessRow,
    RemovalRow,
    RenameRow,
    RunRow,
    WarningRow,
)
from rpz.tracer.schema import WAYS
from rpz.tracer.stream import RecordStreamError
from tests.tracer.strategies import related_records

HOST = Host(1000, 100, "x86_64", "debian", "12", "host", "Linux", "6.1", 2, 2**34)
START = [
    records.Run(10, 999, 0o27, 0, b"/w", (b"cmd", b"")),
    records.Process(11, 1, 0, 70, 0),
    records.PathName(12, 1, b"/w"),
    records.PathName(12, 2, b"/bin/../bin/cmd"),
    records.PathName(12, 3, b"/w/\xff"),
    records.Exec(13, 1, 2, 1, 0, (b"cmd", b""), (b"A=1",)),
]
END = [records.Exit(90, 1, 3, 5, 6, 7), records.End(91, 1999, 3, 0)]


@pytest.fixture
def database() -> TraceDatabase:
    with TraceDatabase.create(Path(":memory:")) as database:
        yield database


def load(database: TraceDatabase, *content: Record, run: int = 0) -> bool:
    return Loader(database, run, "native", HOST).load(content)


def rows(database: TraceDatabase, kind: type) -> list:
    return list(database.rows(kind))


def test_run(database: TraceDatabase) -> None:
    assert load(database, *START, *END)
    (row,) = rows(database, RunRow)
    assert row == RunRow(
        id=0,
        engine="native",
        argv=b"cmd\0\0",
        workingdir=b"/w",
        umask=0o27,
        started=999,
        ended=1999,
        timestamp=10,
        end_timestamp=91,
        exitcode=3,
        user_time=5,
        system_time=6,
        peak_memory=7,
        **asdict(HOST),
    )


def test_ways(database: TraceDatabase) -> None:
    ways = records.Ways(90, 351, 812, 40_000, 12_310, 37, 4000, 0)
    assert load(database, *START, END[0], ways, END[1])
    (row,) = rows(database, RunRow)
    assert row[-7:] == (351, 812, 40_000, 12_310, 37, 4000, 0)
    assert row._fields[-7:] == WAYS


def test_ways_that_are_not_known(database: TraceDatabase) -> None:
    assert load(database, *START, *END)
    (row,) = rows(database, RunRow)
    assert set(row[-7:]) == {None}


def test_more_ways_than_can_be_kept(database: TraceDatabase) -> None:
    with pytest.raises(RecordStreamError, match="too great a number"):
        load(database, *START, records.Ways(90, 0, 0, 2**63, 0, 0, 0, 0), *END)


def test_a_run_whose_end_was_not_seen(database: TraceDatabase) -> None:
    assert load(database, *START)
    (row,) = rows(database, RunRow)
    assert (row.ended, row.end_timestamp, row.exitcode) == (None, None, None)
    (process,) = rows(database, ProcessRow)
    assert (process.exitcode, process.exit_timestamp) == (None, None)


def test_an_engine_killed_after_the_commands_end(database: TraceDatabase) -> None:
    assert load(database, *START, records.Exit(90, 1, 0x109, 5, 6, 7))
    assert rows(database, RunRow)[0].exitcode == 0x109


def test_processes(database: TraceDatabase) -> None:
    thread = records.Process(20, 2, 1, 71, 1)
    assert load(database, *START, thread, records.Exit(21, 2, 0, 0, 0, 0), *END)
    assert rows(database, ProcessRow) == [
        ProcessRow(1, 0, None, 11, False, 3, 90, 70, 5, 6, 7),
        ProcessRow(2, 0, 1, 20, True, 0, 21, 71, None, None, None),
    ]


def test_execution_has_the_path_as_it_was_spelt(database: TraceDatabase) -> None:
    assert load(database, *START, *END)
    assert rows(database, ExecutionRow) == [
        ExecutionRow(0, b"/bin/../bin/cmd", 0, 13, 1, b"cmd\0\0", b"A=1\0", b"/w")
    ]


@pytest.mark.parametrize("flags", range(8))
def test_file(database: TraceDatabase, flags: int) -> None:
    assert load(database, *START, records.File(20, 1, 3, Mode.READ | Mode.WRITE, flags), *END)
    directory, existed, truncated = (
        bool(flags & flag) for flag in (Flag.DIRECTORY, Flag.EXISTED, Flag.TRUNCATED)
    )
    assert rows(database, FileRow) == [
        FileRow(1, 0, b"/w/\xff", 20, 3, directory, 1, existed, truncated)
    ]


def test_names(database: TraceDatabase) -> None:
    content = [
        records.Link(20, 3, 0, b"../target"),
        *(records.Rename(21, 1, 3, 1, kind) for kind in RenameKind),
        records.Remove(22, 1, 3, 0, 0),
        records.Remove(23, 1, 1, 1, 0),
    ]
    assert load(database, *START, *content, *END)
    assert rows(database, LinkRow) == [LinkRow(1, 0, b"/w/\xff", 20, b"../target")]
    assert rows(database, RenameRow) == [
        RenameRow(2, 0, 21, 1, "rename", b"/w/\xff", b"/w"),
        RenameRow(3, 0, 21, 1, "exchange", b"/w/\xff", b"/w"),
        RenameRow(4, 0, 21, 1, "hardlink", b"/w/\xff", b"/w"),
    ]
    assert rows(database, RemovalRow) == [
        RemovalRow(5, 0, 22, 1, b"/w/\xff", False),
        RemovalRow(6, 0, 23, 1, b"/w", True),
    ]


def test_connections(database: TraceDatabase) -> None:
    unix = struct.pack("=H", socket.AF_UNIX) + b"/\xff"
    content = [records.Connection(20, 1, kind, 0, 0, unix) for kind in ConnectionKind]
    assert load(database, *START, *content, *END)
    assert [(c.operation, c.inbound) for c in rows(database, ConnectionRow)] == [
        ("connect", False),
        ("accept", True),
        ("bind", False),
        ("sendto", False),
    ]
    assert {(c.family, c.address) for c in rows(database, ConnectionRow)} == {("UNIX", "/\udcff")}


def test_warnings(database: TraceDatabase) -> None:
    content = [records.Warn(20, 0, 0, b"of the run"), records.Warn(21, 1, 0, b"\xff")]
    assert load(database, *START, *content, *END)
    assert rows(database, WarningRow) == [
        WarningRow(1, 0, 20, None, b"of the run"),
        WarningRow(2, 0, 21, 1, b"\xff"),
    ]


def test_events_share_one_sequence_over_all_runs(database: TraceDatabase) -> None:
    content = [
        records.File(20, 1, 3, 1, 2),
        records.Link(20, 3, 0, b"t"),
        records.Remove(22, 1, 3, 0, 0),
        records.File(23, 1, 3, 2, 0),
    ]
    for run in range(3):
        assert load(database, *START, *content, *END, run=run)
    ids = sorted((row.id, row.run_id) for kind in EVENTS for row in rows(database, kind))
    assert ids == [(i, i // 5) for i in range(15)]
    assert [p.id for p in rows(database, ProcessRow)] == [1, 2, 3]
    assert [f.process for f in rows(database, FileRow)] == [1, 1, 2, 2, 3, 3]


def test_more_rows_than_are_kept(database: TraceDatabase) -> None:
    content = [records.File(i, 1, 3, 1, 2) for i in range(25_000)]
    assert load(database, *START, *content, *END)
    assert [row.timestamp for row in rows(database, FileRow)] == list(range(25_000))


@pytest.mark.parametrize("length", range(6))
def test_nothing_was_started(database: TraceDatabase, length: int) -> None:
    assert not load(database, *START[:length])
    assert all(rows(database, kind) == [] for kind in TABLES)


@pytest.mark.parametrize(
    "wrong",
    [
        records.Exit(20, 7, 0, 5, 6, 7),
        records.File(20, 1, 99, 1, 0),
        records.Exec(20, 1, 99, 1, 0, (), ()),
        records.Rename(20, 1, 1, 2, 9),
        records.Rename(20, 1, 1, 99, 1),
        records.Connection(20, 1, 0, 0, 0, b""),
        records.Link(20, 99, 0, b""),
        records.Remove(20, 1, 99, 0, 0),
    ],
)
def test_a_stream_that_contradicts_itself_is_damaged(
    database: TraceDatabase, wrong: Record
) -> None:
    with pytest.raises(RecordStreamError, match="The record stream is damaged"):
        load(database, *START, wrong, *END)


@given(related_records())
@settings(max_examples=200, deadline=None)
def test_any_stream_is_loaded_or_damaged(content: list[Record]) -> None:
    with TraceDatabase.create(Path(":memory:")) as database:
        try:
            loaded = load(database, *content)
        except RecordStreamError:
            return
        kinds = {type(record) for record in content}
        assert loaded == ({records.Run, records.Exec} <= kinds)
