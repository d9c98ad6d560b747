"""The trace database ``trace.sqlite3`` (``docs/trace-database.md``), read and written by rows."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from rpz.errors import RpzError
from rpz.tracer.folder import reach_disk
from rpz.tracer.rows import TABLES, RunRow
from rpz.tracer.schema import LATER, LATER_TABLES, all_tables, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from typing_extensions import Self

VERSION = 1
"""``PRAGMA user_version`` of the databases that this module writes."""


class TraceDatabaseError(RpzError):
    """The trace database can't be read or written."""

    usual_remedy = "See whether the disk is full or the file damaged; else trace again"


Row = TypeVar("Row")
_STORED_AS_TEXT = (bytes, str, str | None)


class _Table:
    """How the rows of one class are written and read."""

    def __init__(self, row: type[Any]) -> None:
        hints = get_type_hints(row)
        columns = ", ".join(hints)
        # Without the cast SQLite would store bytes as a BLOB, which is never equal to a TEXT.
        marks = ", ".join(
            "CAST(? AS TEXT)" if h in _STORED_AS_TEXT else "?" for h in hints.values()
        )
        self.insertion = f"INSERT INTO {TABLES[row]} ({columns}) VALUES ({marks})"  # noqa: S608 (our own names)
        self.selection = f"SELECT {columns} FROM {TABLES[row]}"  # noqa: S608 (our own names)
        self.order = "id" if row is RunRow else "run_id, id"
        self.has_text = not {str, str | None}.isdisjoint(hints.values())
        self.decoders = [
            (place, _DECODERS[hint])
            for place, hint in enumerate(hints.values())
            if hint in _DECODERS
        ]
        """What turns a column's bytes or number into another type, by its place."""


_tables: dict[type[Any], _Table] = {}


def _table(row: type[Any]) -> _Table:
    if row not in _tables:
        _tables[row] = _Table(row)
    return _tables[row]


def _encoded(record: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row's values with every text as bytes: SQLite's own encoder refuses surrogates."""
    return tuple(v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in record)


def _times() -> Iterator[tuple[str, str, str]]:
    """Yield the columns that have times of the monotonic clock: table, the run's column, column."""
    for row, table in TABLES.items():
        for column in row._fields:
            if column.endswith("timestamp"):
                yield table, "id" if row is RunRow else "run_id", column


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


_DECODERS: dict[Any, Callable[[Any], Any]] = {str: _text, str | None: _text, bool: bool}


class TraceDatabase:
    """An open trace database; a context manager that closes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use :meth:`open` or :meth:`create`."""
        self._connection = connection
        self._connection.text_factory = bytes

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new, empty database."""
        return cls(_with_schema(_connection_for_writing(path)))

    @classmethod
    def temporary(cls) -> Self:
        """Make a new, empty database without a name, in memory as long as it is small."""
        return cls(_with_schema(_connection_for_writing("")))

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Open a database of ours to add to it."""
        database = cls(_connection_for_writing(path))
        for (table, column), kind in LATER.items():
            if database._lacks(table, column):
                database._connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        database._add_later_tables()
        return database

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a database for reading.

        Raises:
            TraceDatabaseError: there is none, it isn't one of ours, or it is from a newer rpz.

        """
        if not path.is_file():
            raise TraceDatabaseError(f"There is no trace at {path.parent}", "Make one: rpz trace")
        connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute("SELECT 1 FROM processes, opened_files, executed_files LIMIT 1")
        except sqlite3.DatabaseError as error:
            connection.close()
            out_of_reach = isinstance(error, sqlite3.OperationalError) and "no such" not in str(
                error
            )
            what = "can't be read" if out_of_reach else "is not a trace database"
            raise TraceDatabaseError(f"{path} {what}: {error}") from None
        if not 1 <= version <= VERSION:
            connection.close()
            raise _version_error(path, version)
        database = cls(connection)
        database._add_later_tables(kind="TEMP TABLE")  # which takes nothing but memory
        return database

    def __enter__(self) -> Self:
        """Return the database."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database; what wasn't committed is dropped."""
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def rows(self, row: type[Row], where: str = "1", *values: object) -> Iterator[Row]:
        """Yield a table's rows by id, as ``row`` says (one of :data:`rpz.tracer.rows.TABLES`)."""
        table = _table(row)
        make: Callable[[Iterable[Any]], Row] = row._make  # type: ignore[attr-defined]
        statement = f"{self._selection(row)} WHERE {where} ORDER BY {table.order}"
        try:
            for record in self._connection.execute(statement, values):
                columns = list(record)
                for place, decode in table.decoders:
                    columns[place] = decode(columns[place])
                yield make(columns)
        except sqlite3.DatabaseError as error:
            raise TraceDatabaseError(f"The trace database can't be read: {error}") from error

    def distinct(self, row: type[Any], columns: str, where: str = "1") -> Iterator[tuple[Any, ...]]:
        """Yield what some columns of a table hold, each once, as it is stored: texts as bytes."""
        return self.select(f"SELECT DISTINCT {columns} FROM {TABLES[row]} WHERE {where}")  # noqa: S608

    def select(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield what a statement of SQL finds, as it is stored: texts as bytes."""
        try:
            yield from self._connection.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise TraceDatabaseError(f"The trace database can't be read: {error}") from error

    def put_aside(self, names: Iterable[bytes]) -> None:
        """Make names known to statements as the table ``aside``, outside of the file."""
        try:
            self._connection.execute("DROP TABLE IF EXISTS temp.aside")
            self._connection.execute(
                "CREATE TEMP TABLE aside (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID"
            )
            self._connection.executemany(
                "INSERT INTO aside VALUES (CAST(? AS TEXT))", ((name,) for name in names)
            )
        except sqlite3.DatabaseError as error:
            raise TraceDatabaseError(f"The trace database can't be read: {error}") from error

    def count(self, row: type[Any], where: str, *values: object) -> int:
        """Return the number of a table's rows."""
        return self._number(f"SELECT count(*) FROM {TABLES[row]} WHERE {where}", values)  # noqa: S608

    def count_distinct(self, row: type[Any], column: str, where: str, *values: object) -> int:
        """Return the number of the values of a column in a table's rows."""
        # Sorted, which takes half of the time of count(DISTINCT)
        found = f"SELECT 1 FROM {TABLES[row]} WHERE {where} GROUP BY {column}"  # noqa: S608 (our own)
        return self._number(f"SELECT count(*) FROM ({found})", values)  # noqa: S608 (our own)

    def _number(self, statement: str, values: tuple[object, ...]) -> int:
        (number,) = self._connection.execute(statement, values).fetchone()
        return int(number)

    def add(self, rows: Iterable[Any]) -> None:
        """Insert rows of one table; :meth:`commit` makes them stay."""
        if (first := next(iterator := iter(rows), None)) is None:
            return
        table = _table(type(first))
        values: Iterable[Any] = chain([first], iterator)
        if table.has_text:
            values = map(_encoded, values)
        self._connection.executemany(table.insertion, values)

    def copy_to(self, other: TraceDatabase) -> None:
        """Put all that was added in the place of another database's content."""
        self.commit()
        self._connection.backup(other._connection)

    def name_run(self, run: int, name: str) -> None:
        """Give a run its name; :meth:`commit` makes it stay."""
        self._connection.execute("UPDATE runs SET name = ? WHERE id = ?", (name, run))

    def put_behind(self, run: int) -> None:
        """Move the times of a run behind those of the runs before, unless they are; see the docs.

        After a restart of the machine the clock begins anew, and runs that were traced at the same
        time may come one after the other in a trace.
        """
        if run == 0:
            return
        last = self._time("max", "< ?", run)
        first = self._time("min", "= ?", run)
        if last is None or first is None or first > last:
            return
        for table, key, column in _times():
            self._connection.execute(
                f"UPDATE {table} SET {column} = {column} + ? WHERE {key} = ?",  # noqa: S608
                (last + 1 - first, run),
            )

    def _time(self, function: str, which: str, run: int) -> int | None:
        found = [
            self._connection.execute(
                f"SELECT {function}({column}) FROM {table} WHERE {key} {which}",  # noqa: S608
                (run,),
            ).fetchone()[0]
            for table, key, column in _times()
            if function == "max" or column == "timestamp"
        ]
        times = [time for time in found if time is not None]
        return (max if function == "max" else min)(times, default=None)

    def commit(self) -> None:
        """Make what was added stay."""
        self._connection.commit()

    def _selection(self, row: type[Any]) -> str:
        selection = _table(row).selection
        for table, column in LATER:
            if table == TABLES[row] and self._lacks(table, column):
                selection = selection.replace(f", {column}", ", NULL", 1)
        return selection

    def _lacks(self, table: str, column: str) -> bool:
        described = self._connection.execute(f"PRAGMA table_info({table})")
        return column.encode() not in {name for _, name, *_ in described}

    def _add_later_tables(self, kind: str = "TABLE") -> None:
        for table, file in LATER_TABLES.items():
            if self._lacks(table, "id"):
                self._connection.executescript(sql(file).replace("TABLE", kind))

    def last_id(self, row: type[Any]) -> int:
        """Return the greatest id of a table, -1 when it is empty."""
        (last,) = self._connection.execute(
            f"SELECT coalesce(max(id), -1) FROM {TABLES[row]}"  # noqa: S608
        ).fetchone()
        return int(last)


def _version_error(path: Path, version: int) -> TraceDatabaseError:
    if version > VERSION:
        return TraceDatabaseError(
            f"{path} has version {version}, this rpz reads up to {VERSION}", "Upgrade rpz"
        )
    return TraceDatabaseError(f"{path} was not made by rpz", "Trace the run with rpz")


def _with_schema(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.executescript(all_tables())
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return connection


def _connection_for_writing(path: Path | str) -> sqlite3.Connection:
    # It is written under a temporary name and thrown away when anything fails: no journal, which
    # would be left in the folder when rpz is killed.
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def replacement(path: Path) -> Path:
    """Return the name that a database has while it is being written."""
    return path.with_name(path.name + ".new")


@contextlib.contextmanager
def replaced(
    path: Path, *, keep: bool, then: Callable[[TraceDatabase], None] | None = None
) -> Iterator[TraceDatabase]:
    """Write a database to a temporary name and put it in the place of ``path`` when all is well.

    With ``keep``, it begins as a copy of ``path``. On an error, ``path`` stays as it was; where the
    error is SQLite's (a full disk), that is a TraceDatabaseError. ``then`` is called with the
    database when it is in its place, still open, to be read.
    """
    with contextlib.ExitStack() as opened:
        with _put_in_place(path) as new:
            if keep:
                TraceDatabase.open(path).close()  # a copy of what isn't ours would be changed by us
                shutil.copyfile(path, new)
            database = TraceDatabase.reopen(new) if keep else TraceDatabase.create(new)
            yield opened.enter_context(database)
            database.commit()
        if then is not None:
            then(database)


@contextlib.contextmanager
def _put_in_place(path: Path) -> Iterator[Path]:
    """Give the file that is written inside the place of another; on an error, throw it away."""
    new = replacement(path)
    new.unlink(missing_ok=True)
    try:
        yield new
        reach_disk(new)
        new.replace(path)
    except sqlite3.Error as error:
        raise TraceDatabaseError(f"{path} can't be written: {error}") from error
    finally:
        new.unlink(missing_ok=True)
