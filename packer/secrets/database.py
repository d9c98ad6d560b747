"""The copy of the trace database that goes into a pack: without secrets, for every process."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.secrets.haystack import Haystack
from rpz.packer.secrets.redact import Secrets
from rpz.tracer.fields import items_of, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    Redact = Callable[[bytes], bytes]

COMMANDS = {("executed_files", "argv"), ("runs", "argv")}
ENVIRONMENTS = {("executed_files", "envp")}
"""Columns that are lists: the secrets in them are told by their place."""
PASSAGES = {("facts", "value")}
"""Columns that are what a person or git says, in which other secrets may be."""


def secrets_of(trace: Path, kept: Collection[str], paths: Haystack) -> Secrets:
    """Return what is secret in a trace, but for the names that are to be kept.

    ``paths`` are what a replay needs as it is, with NUL between them.
    """
    connection = _connected(trace, "ro")
    try:
        hosts = {row[0] for row in connection.execute("SELECT hostname FROM runs")}
        secrets = Secrets(frozenset(kept), paths)
        people: set[bytes] = set()
        for argv, envp in connection.execute("SELECT argv, envp FROM executed_files"):
            entries = items_of(envp)
            people |= _people(entries)
            secrets.collect(entries, items_of(argv))
        for (argv,) in connection.execute("SELECT argv FROM runs"):
            secrets.collect([], items_of(argv))
        for table, column in _passages(connection):
            for (text,) in connection.execute(f"SELECT {column} FROM {table}"):  # noqa: S608
                secrets.collect_passage(text)
    finally:
        connection.close()
    secrets.common = frozenset(people | hosts)
    return secrets


def withheld_from(trace: Path) -> Secrets:
    """Return all that is secret in a trace, ready to be taken out."""
    secrets = secrets_of(trace, (), Haystack())
    secrets.seal()
    return secrets


def _passages(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return those of :data:`PASSAGES` that a trace has: an older one lacks the table."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    there = {table.decode() for (table,) in tables}
    return {(table, column) for table, column in PASSAGES if table in there}


def without_secrets(trace: Path, secrets: Secrets, folder: Path) -> Path:
    """Return a copy of a trace database without secrets, which is made in ``folder``.

    It is written anew, so that no freed page keeps what was in it. Where there is nothing to
    withhold, it is the database itself.

    Raises:
        PackError: there is no room for it.

    """
    if not secrets.names:
        return trace
    copy = folder / trace.name
    try:
        _clean_copy(trace, copy, secrets)
    except sqlite3.Error as error:
        raise PackError(
            f"{copy} can't be written: {error}", "Make room, or choose another place"
        ) from error
    with copy.open("rb") as file:
        secrets.exposed |= {*secrets.names_in(Haystack(file=file))}
    return copy


def _clean_copy(trace: Path, copy: Path, secrets: Secrets) -> None:
    shutil.copyfile(trace, copy)
    connection = _connected(copy, "rw")
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            _clean(connection, table.decode(), secrets)
        connection.commit()
        connection.execute("VACUUM")
    finally:
        connection.close()


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
    connection.text_factory = bytes
    return connection


def _clean(connection: sqlite3.Connection, table: str, secrets: Secrets) -> None:
    about = connection.execute(f"PRAGMA table_info({table})").fetchall()
    for _, name, kind, *_ in about:
        if kind == b"TEXT":
            column = name.decode("ascii")
            _clean_column(connection, table, column, _redact(table, column, secrets))


def _redact(table: str, column: str, secrets: Secrets) -> Redact:
    if (table, column) in COMMANDS:
        return lambda value: joined(secrets.words(items_of(value)))
    if (table, column) in ENVIRONMENTS:
        return lambda value: joined([secrets.entry(entry) for entry in items_of(value)])
    return secrets.passage if (table, column) in PASSAGES else secrets.text


def _clean_column(connection: sqlite3.Connection, table: str, column: str, redact: Redact) -> None:
    found = connection.execute(
        f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 (our own names)
    )
    changes = [(new, number) for number, old in found if (new := redact(old)) != old]
    connection.executemany(
        f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE rowid = ?",  # noqa: S608
        changes,
    )


def _people(entries: list[bytes]) -> set[bytes]:
    """Return the words by which an environment names the user: they are no secret elsewhere."""
    found = set()
    for entry in entries:
        name, _, value = entry.partition(b"=")
        if name in (b"USER", b"LOGNAME", b"USERNAME"):
            found.add(value)
        elif name == b"HOME":
            found |= {value, value.rpartition(b"/")[2]}
    return found
