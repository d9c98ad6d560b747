from __future__ import annotations

import logging
import shlex
import sqlite3
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records, session
from rpz.tracer.conclusion import recover
from rpz.tracer.database import TraceDatabase
from rpz.tracer.engines import ENGINES, EngineOptions
from rpz.tracer.folder import Existing, TraceFolder, UnfinishedError
from rpz.tracer.rows import ProcessRow, RunRow, WarningRow
from rpz.tracer.stream import RecordWriter

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.tracer.engines import EngineOptions

RUN = [
    records.Run(10, 999, 0o22, 0, b"/w", (b"cmd",)),
    records.Process(11, 1, 0, 70, 0),
    records.PathName(12, 1, b"/w"),
]
STARTED = [*RUN, records.Exec(13, 1, 1, 1, 0, (b"cmd",), ())]
ENDED = [*STARTED, records.Exit(14, 1, 0, 5, 6, 7), records.End(15, 1000, 0, 0)]


@pytest.fixture
def folder(tmp_path: Path) -> TraceFolder:
    return TraceFolder(tmp_path / "trace")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An engine that writes what it is told to, and then runs a line of shell."""

    def set_up(content: bytes | None, script: str = "exit 0") -> str:
        prepared = tmp_path / "prepared"
        if content is not None:
            prepared.write_bytes(content)

        def command(output: Path, _options: EngineOptions) -> list[str]:
            copy = f"cp {shlex.quote(str(prepared))} {shlex.quote(str(output))};"
            return ["sh", "-c", (copy if content is not None else "") + script, "--"]

        monkeypatch.setitem(ENGINES, "fake", command)
        return "fake"

    return set_up


def stream(tmp_path: Path, content: list[records.Record]) -> bytes:
    path = tmp_path / "made"
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for record in content:
            writer.write(record)
    return path.read_bytes()


def run(folder: TraceFolder, engine: str, existing: Existing = Existing.REFUSE) -> session.Traced:
    return session.trace(folder, ["cmd"], engine, existing)


def runs(folder: TraceFolder) -> list[RunRow]:
    with TraceDatabase.open(folder.database) as database:
        return list(database.rows(RunRow))


def test_the_database_is_opened_once_after_a_run(
    folder: TraceFolder, engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: opened.append(a) or connect(*a, **k))
    seen = []

    def then(database: TraceDatabase, run: int) -> None:
        seen.append((run, [row.id for row in database.rows(RunRow)], folder.stream(run).exists()))
        seen.append((session.is_whole(database, run), session.summary(database, run)))

    name = engine(stream(tmp_path, ENDED))
    traced = session.trace(folder, ["cmd"], name, Existing.REFUSE, then=then)
    assert traced.run == 0
    assert seen == [(0, [0], True), (True, "1 process, 0 files")]
    assert len(opened) == 1


def test_a_run_is_added_to_the_folder(folder: TraceFolder, engine, tmp_path: Path) -> None:
    traced = run(folder, engine(stream(tmp_path, ENDED), "exit 3"))
    assert traced == session.Traced(0, 3)
    (row,) = runs(folder)
    assert (row.engine, row.argv, row.workingdir) == ("fake", b"cmd\0", b"/w")
    assert [path.name for path in folder.records.iterdir()] == ["0.records"]


def test_a_second_run(folder: TraceFolder, engine, tmp_path: Path) -> None:
    fake = engine(stream(tmp_path, ENDED))
    assert run(folder, fake).run == 0
    assert run(folder, fake, Existing.CONTINUE).run == 1
    assert [row.id for row in runs(folder)] == [0, 1]
    with TraceDatabase.open(folder.database) as database:
        assert [row.id for row in database.rows(ProcessRow)] == [1, 2]


def test_an_engine_that_is_killed_leaves_what_it_saw(
    folder: TraceFolder, engine, tmp_path: Path
) -> None:
    content = stream(tmp_path, STARTED) + bytes(4096)
    traced = run(folder, engine(content, "kill -KILL $$"))
    assert traced == session.Traced(0, 137)
    assert runs(folder)[0].exitcode is None


@pytest.mark.parametrize("length", range(len(RUN) + 1))
def test_a_command_that_never_started_leaves_nothing(
    folder: TraceFolder, engine, tmp_path: Path, length: int
) -> None:
    traced = run(folder, engine(stream(tmp_path, RUN[:length]), "exit 127"))
    assert traced == session.Traced(None, 127)
    assert not folder.path.exists()


def test_an_engine_without_a_stream_leaves_nothing(folder: TraceFolder, engine) -> None:
    assert run(folder, engine(None, "exit 125")) == session.Traced(None, 125)
    assert not folder.path.exists()


def test_an_engine_that_is_not_there_leaves_nothing(
    folder: TraceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "fake", lambda *_: ["/no/such/engine"])
    with pytest.raises(FileNotFoundError):
        run(folder, "fake")
    assert not folder.path.exists()


def test_a_damaged_stream_leaves_the_trace_and_the_stream(
    folder: TraceFolder, engine, tmp_path: Path
) -> None:
    good = stream(tmp_path, ENDED)
    run(folder, engine(good))
    before = folder.database.read_bytes()
    traced = run(folder, engine(good[:-8], "exit 3"), Existing.OVERWRITE)
    assert (traced.run, traced.status) == (None, 3)
    assert "rpz recover -d" in str(traced.trouble)
    assert folder.database.read_bytes() == before
    assert folder.unfinished_stream(1).read_bytes() == good[:-8]
    assert folder.stream(0).read_bytes() == good


def test_a_folder_that_is_removed_during_the_run_hides_no_status(
    folder: TraceFolder, engine, tmp_path: Path
) -> None:
    script = f"rm -r {shlex.quote(str(folder.path))}; exit 3"
    traced = run(folder, engine(stream(tmp_path, ENDED), script))
    assert (traced.run, traced.status) == (None, 3)
    assert "was removed during the run" in str(traced.trouble)
    assert not folder.path.exists()


@pytest.mark.parametrize("error", [KeyError("x"), KeyboardInterrupt(), OSError(28, "No space")])
def test_whatever_fails_afterwards_the_record_stays_and_can_be_recovered(
    folder: TraceFolder, engine, tmp_path: Path, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    name = engine(stream(tmp_path, ENDED), "exit 3")
    traced = session.trace(folder, ["cmd"], name, Existing.REFUSE, addition=fail)
    assert (traced.run, traced.status) == (None, 3)
    assert "rpz recover -d" in str(traced.trouble)
    with pytest.raises(UnfinishedError, match="rpz recover"):
        run(folder, "fake")
    assert recover(folder) == [0]
    assert [row.id for row in runs(folder)] == [0]
    assert [path.name for path in folder.records.iterdir()] == ["0.records"]


def test_summary_counts_processes_and_says_warnings(
    folder: TraceFolder,
    engine,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = [
        records.Process(14, 2, 1, 71, 1),
        records.Process(14, 3, 1, 72, 0),
        records.File(14, 1, 1, 1, 2),
        records.File(14, 1, 1, 8, 2),
        records.Warn(15, 1, 0, b"care\nful"),
        records.Warn(16, 1, 0, b"care\nful"),
    ]
    run(folder, engine(stream(tmp_path, [*STARTED, *more])))
    monkeypatch.setattr(logging.getLogger("rpz"), "propagate", True)  # cli.main switches it off
    with caplog.at_level(logging.WARNING), TraceDatabase.open(folder.database) as database:
        assert session.summary(database, 0) == "2 processes, 1 file"
    assert [record.getMessage() for record in caplog.records] == ["care ful."]
    with TraceDatabase.open(folder.database) as database:
        assert len(list(database.rows(WarningRow))) == 2
