"""The trace database ``trace.sqlite3`` (``docs/trace-database.md``), read and written by rows."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import fields
from importlib.resources import files
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from rpz.errors import RpzError
from rpz.tracer.rows import TABLES, RunRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from typing_extensions import Self

VERSION = 1
"""``PRAGMA user_version`` of the databases that this module writes."""


class TraceDatabaseError(RpzError):
    """The trace database can't be read or written."""


Row = TypeVar("Row")
_STORED_AS_TEXT = (bytes, str, str | None)


def _columns(row: type[Any]) -> list[str]:
    return [f.name for f in fields(row)]


def _insertion(row: type[Any]) -> str:
    # Without the cast SQLite would store bytes as a BLOB, which is never equal to a TEXT.
    hints = get_type_hints(row).values()
    marks = ", ".join("CAST(? AS TEXT)" if hint in _STORED_AS_TEXT else "?" for hint in hints)
    columns = ", ".join(_columns(row))
    return f"INSERT INTO {TABLES[row]} ({columns}) VALUES ({marks})"  # noqa: S608 (our own names)


def _encoded(record: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row's values with every text as bytes: SQLite's own encoder refuses surrogates."""
    return tuple(v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in record)


def _decoders(row: type[Any]) -> list[Any]:
    """Return what turns each column's raw bytes or number into its declared type."""
    return [
        {bytes: bytes, str: _text, bool: bool, str | None: _text}.get(hint, _same)
        for hint in get_type_hints(row).values()
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _same(value: Any) -> Any:
    return value


class TraceDatabase:
    """An open trace database; a context manager that closes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use :meth:`open` or :meth:`create`."""
        self._connection = connection
        self._connection.text_factory = bytes

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new, empty database."""
        connection = _connection_for_writing(path)
        schema = files("rpz.tracer").joinpath("schema.sql").read_text("ascii")
        connection.executescript(schema)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        return cls(connection)

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Open a database of ours to add to it."""
        return cls(_connection_for_writing(path))

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
        return cls(connection)

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
        decoders = _decoders(row)
        statement = (
            f"SELECT {', '.join(_columns(row))} FROM {TABLES[row]} "  # noqa: S608 (our own names)
            f"WHERE {where} ORDER BY run_id, id"
        )
        if row is RunRow:
            statement = statement.replace("run_id, id", "id")
        try:
            for record in self._connection.execute(statement, values):
                yield row(*(d(v) for d, v in zip(decoders, record, strict=True)))
        except sqlite3.DatabaseError as error:
            raise TraceDatabaseError(f"The trace database can't be read: {error}") from error

    def distinct(self, row: type[Any], columns: str, where: str = "1") -> Iterator[tuple[Any, ...]]:
        """Yield what some columns of a table hold, each once, as it is stored: texts as bytes."""
        statement = f"SELECT DISTINCT {columns} FROM {TABLES[row]} WHERE {where}"  # noqa: S608
        try:
            yield from self._connection.execute(statement)
        except sqlite3.DatabaseError as error:
            raise TraceDatabaseError(f"The trace database can't be read: {error}") from error

    def add(self, rows: Iterable[Any]) -> None:
        """Insert rows of one table; :meth:`commit` makes them stay."""
        if (first := next(iterator := iter(rows), None)) is None:
            return
        kind = type(first)
        values = map(attrgetter(*_columns(kind)), chain([first], iterator))
        if str in get_type_hints(kind).values():
            values = map(_encoded, values)
        self._connection.executemany(_insertion(kind), values)

    def commit(self) -> None:
        """Make what was added stay."""
        self._connection.commit()

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


def _connection_for_writing(path: Path) -> sqlite3.Connection:
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
def replaced(path: Path, *, keep: bool) -> Iterator[TraceDatabase]:
    """Write a database to a temporary name and put it in the place of ``path`` when all is well.

    With ``keep``, it begins as a copy of ``path``. On an error, ``path`` stays as it was; where the
    error is SQLite's (a full disk), that is a TraceDatabaseError.
    """
    new = replacement(path)
    new.unlink(missing_ok=True)
    try:
        if keep:
            TraceDatabase.open(path).close()  # a copy of what isn't ours would be changed by us
            shutil.copyfile(path, new)
        with TraceDatabase.reopen(new) if keep else TraceDatabase.create(new) as database:
            yield database
            database.commit()
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)
    except sqlite3.Error as error:
        raise TraceDatabaseError(f"{path} can't be written: {error}") from error
    finally:
        new.unlink(missing_ok=True)
