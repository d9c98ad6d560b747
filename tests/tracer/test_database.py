from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.tracer import database
from rpz.tracer.database import TraceDatabase, TraceDatabaseError, replaced
from rpz.tracer.rows import TABLES, ConnectionRow, FileRow, LinkRow, WarningRow

if TYPE_CHECKING:
    from collections.abc import Sequence

INTEGER = st.integers(-(2**63), 2**63 - 1)
NAME = st.binary(max_size=30)
VALUES = {
    int: INTEGER,
    bool: st.booleans(),
    bytes: NAME,
    str: NAME.map(lambda name: name.decode(errors="surrogateescape")),
}
VALUES |= {kind | None: st.none() | strategy for kind, strategy in VALUES.items()}

REPROZIP = {  # reprozip 1.3.2, database.c
    "processes": ["id", "run_id", "parent", "timestamp", "is_thread", "exitcode"],
    "opened_files": ["id", "run_id", "name", "timestamp", "mode", "is_directory", "process"],
    "executed_files": [
        "id", "name", "run_id", "timestamp", "process", "argv", "envp", "workingdir",
    ],
}  # fmt: skip

LINK = LinkRow(1, 0, b"/link", 2, b"target")


def row_of(kind: type) -> st.SearchStrategy:
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: VALUES[hint] for name, hint in hints.items()})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.sqlite3"


def write(path: Path, *rows: object) -> None:
    with replaced(path, keep=path.exists()) as new:
        new.add(rows)


def read(path: Path, kind: type) -> Sequence[object]:
    with TraceDatabase.open(path) as trace:
        return list(trace.rows(kind))


def query(path: Path, statement: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", TABLES)
def test_rows_come_back_as_they_were(kind: type) -> None:
    @given(row_of(kind))
    @settings(max_examples=25, deadline=None)
    def check(row: object) -> None:
        trace = TraceDatabase.create(Path(":memory:"))
        with trace:
            trace.add([row])
            assert list(trace.rows(kind)) == [row]

    check()


@pytest.mark.parametrize(
    "name", [b"/plain", b"/caf\xc3\xa9", b"/new\nline", b"/\xff\xfe", b"", b"/a\0b\0", b"/quote'\""]
)
def test_names_are_text_of_the_same_bytes(path: Path, name: bytes) -> None:
    write(path, FileRow(1, 0, name, 0, 1, False, 1, True, False))
    assert [row.name for row in read(path, FileRow)] == [name]
    assert query(path, "SELECT typeof(name), hex(name) FROM opened_files") == [
        ("text", name.hex().upper())
    ]


def test_a_name_is_found_by_its_bytes(path: Path) -> None:
    write(path, LINK)
    with TraceDatabase.open(path) as trace:
        assert list(trace.rows(LinkRow, "name = CAST(? AS TEXT)", b"/link")) == [LINK]
        assert list(trace.rows(LinkRow, "name = CAST(? AS TEXT)", b"/other")) == []


@pytest.mark.parametrize("table", REPROZIP)
def test_reprozips_columns_come_first(path: Path, table: str) -> None:
    write(path)
    columns = [name for _, name, *_ in query(path, f"PRAGMA table_info({table})")]
    assert columns[: len(REPROZIP[table])] == REPROZIP[table]


@pytest.mark.parametrize("kind", TABLES)
def test_a_row_class_has_its_tables_columns(path: Path, kind: type) -> None:
    write(path)
    columns = {name for _, name, *_ in query(path, f"PRAGMA table_info({TABLES[kind]})")}
    assert columns == set(kind._fields)


def test_every_table_has_a_row_class(path: Path) -> None:
    write(path)
    tables = {name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert tables == set(TABLES.values())


def test_version_is_written(path: Path) -> None:
    write(path)
    assert query(path, "PRAGMA user_version") == [(database.VERSION,)]


def test_rows_are_sorted_by_run_and_id(path: Path) -> None:
    rows = [LinkRow(i, run, b"/l", 0, b"t") for i, run in ((3, 0), (1, 1), (2, 0))]
    write(path, *rows)
    assert [(row.run_id, row.id) for row in read(path, LinkRow)] == [(0, 2), (0, 3), (1, 1)]


def test_last_id(path: Path) -> None:
    write(path, LINK)
    with TraceDatabase.open(path) as trace:
        assert trace.last_id(LinkRow) == 1
        assert trace.last_id(WarningRow) == -1


def test_reading_does_not_write(path: Path) -> None:
    write(path, LINK)
    before = path.read_bytes()
    with TraceDatabase.open(path) as trace, pytest.raises(sqlite3.OperationalError):
        trace.add([LINK])
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_path_that_uris_treat_specially(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c %41"
    folder.mkdir()
    write(folder / "trace.sqlite3", LINK)
    assert read(folder / "trace.sqlite3", LinkRow) == [LINK]


def test_there_is_none(path: Path) -> None:
    with pytest.raises(TraceDatabaseError, match=r"There is no trace at .*\. Make one: rpz trace"):
        TraceDatabase.open(path)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0"])
def test_not_a_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(TraceDatabaseError, match="is not a trace database"):
        TraceDatabase.open(path)


def test_another_programs_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE processes (id)")
    connection.close()
    with pytest.raises(TraceDatabaseError, match="is not a trace database: no such table"):
        TraceDatabase.open(path)


def test_a_database_of_reprozip(path: Path) -> None:
    """It has the three tables, and neither our columns nor a version."""
    with sqlite3.connect(path) as connection:
        for table, columns in REPROZIP.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    connection.close()
    with pytest.raises(TraceDatabaseError, match=r"was not made by rpz\. Trace the run with rpz"):
        TraceDatabase.open(path)


def test_a_newer_version(path: Path) -> None:
    write(path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    connection.close()
    with pytest.raises(
        TraceDatabaseError, match=r"has version 2, this rpz reads up to 1\. Upgrade"
    ):
        TraceDatabase.open(path)


def test_a_damaged_database_is_a_sentence(path: Path) -> None:
    write(path, *(LinkRow(i, 0, b"/link" * 50, 2, b"target") for i in range(1000)))
    content = bytearray(path.read_bytes())
    content[4096 * 30 :] = b"\xff" * (len(content) - 4096 * 30)
    path.write_bytes(content)
    with pytest.raises(TraceDatabaseError, match="can't be read"):
        read(path, LinkRow)


class TestReplaced:
    def test_makes_a_new_database(self, path: Path) -> None:
        write(path, LINK)
        with replaced(path, keep=False) as new:
            new.add([ConnectionRow(1, 0, 0, 1, False, "UNIX", None, "/s", "bind")])
        assert read(path, LinkRow) == []
        assert len(read(path, ConnectionRow)) == 1

    def test_keeps_what_was_there(self, path: Path) -> None:
        write(path, LINK)
        with replaced(path, keep=True) as new:
            new.add([LinkRow(2, 1, b"/other", 3, b"t")])
        assert [row.name for row in read(path, LinkRow)] == [b"/link", b"/other"]

    @pytest.mark.parametrize("keep", [True, False])
    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
    def test_leaves_the_old_one_on_an_error(
        self, path: Path, keep: bool, error: type[BaseException]
    ) -> None:
        write(path, LINK)
        before = path.read_bytes()
        with pytest.raises((error, TraceDatabaseError)):
            self.add_and_fail(path, error, keep=keep)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def add_and_fail(self, path: Path, error: type[BaseException], *, keep: bool) -> None:
        with replaced(path, keep=keep) as new:
            new.add([LinkRow(2, 1, b"/other", 3, b"t")])
            raise error

    def test_leaves_nothing_where_there_was_nothing(self, path: Path) -> None:
        with pytest.raises(ValueError, match="no"), replaced(path, keep=False):
            raise ValueError("no")
        assert list(path.parent.iterdir()) == []

    def test_takes_the_place_of_an_interrupted_write(self, path: Path) -> None:
        path.with_name("trace.sqlite3.new").write_bytes(b"half")
        write(path, LINK)
        assert list(path.parent.iterdir()) == [path]

    def test_nothing_to_keep(self, path: Path) -> None:
        with pytest.raises(TraceDatabaseError, match="There is no trace"):
            replaced(path, keep=True).__enter__()
        assert list(path.parent.iterdir()) == []

    def test_what_cannot_be_written_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(TraceDatabaseError, match="can't be written"):
            write(tmp_path / "missing" / "trace.sqlite3", LINK)

    def test_a_row_that_breaks_the_schema_is_a_sentence(self, path: Path) -> None:
        with pytest.raises(TraceDatabaseError, match="can't be written"):
            write(path, LINK, LINK)
        assert list(path.parent.iterdir()) == []


def test_there_is_one_file_at_any_moment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that a SIGKILL left would belong to the next database of that name."""
    seen = set()

    def connect(*arguments, **options) -> sqlite3.Connection:
        connection = sqlite3.Connection(*arguments, **options)
        connection.set_progress_handler(lambda: seen.update(path.parent.iterdir()), 1)
        return connection

    monkeypatch.setattr(database.sqlite3, "connect", connect)
    write(path, LINK)
    assert seen == {database.replacement(path)}
