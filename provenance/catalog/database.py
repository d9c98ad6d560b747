"""The file that a catalogue is (``docs/catalog.md``), which several may use at the same time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpz.errors import RpzError
from rpz.provenance.catalog.numbers import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

VERSION = 1
"""``PRAGMA user_version`` of the catalogues that this module writes."""
APPLICATION = 0x72707A63
"""``PRAGMA application_id``: "rpzc"."""
VARIABLE = "RPZ_CATALOG"
"""The variable that names the catalogue, if no option does."""
PATIENCE = 120.0
"""Seconds that another rpz which writes is waited for."""

_SCHEMA = Path(__file__).with_name("schema.sql")


class CatalogError(RpzError):
    """The catalogue can't be read or written."""


def usual_catalog() -> Path:
    """Return where the catalogue is: what ``RPZ_CATALOG`` says, else where the user's data is."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else _data_folder() / "rpz" / "catalog.sqlite3"


def _data_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    own = os.environ.get("XDG_DATA_HOME", "")
    return Path(own) if own.startswith("/") else Path.home() / ".local" / "share"


class Catalog:
    """An open catalogue; a context manager that closes it.

    Texts are bytes, as in a trace.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None) -> None:
        """Use :meth:`open`, :meth:`create` or :meth:`temporary`."""
        self.path = path
        self._connection = connection
        self._connection.text_factory = bytes
        self._connection.execute("PRAGMA secure_delete = ON")  # what is removed is no more
        self._connection.create_function("compare", 2, compare, deterministic=True)
        self._connection.create_function("spaced", 1, spaced, deterministic=True)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a catalogue that is there.

        Raises:
            CatalogError: there is none, it isn't one, or it is from a newer rpz.

        """
        if not path.is_file():
            raise CatalogError(f"There is no catalogue at {path}", "Make one: rpz catalog add")
        return cls._opened(path, "rw")  # which SQLite takes for reading only, if it must

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open a catalogue, and make an empty one if there is none.

        Raises:
            CatalogError: what is there isn't one, is from a newer rpz, or can't be written.

        """
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls._opened(path, "rwc")

    @classmethod
    def temporary(cls) -> Self:
        """Make a catalogue without a name, in memory as long as it is small."""
        catalog = cls(sqlite3.connect("", isolation_level=None))
        catalog._make()
        return catalog

    @classmethod
    def _opened(cls, path: Path, mode: str) -> Self:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        try:
            connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
        except sqlite3.Error as error:
            raise _trouble(path, error) from error
        catalog = cls(connection, path)
        try:
            catalog._check(path, may_make=mode == "rwc")
        except BaseException:
            catalog.close()
            raise
        return catalog

    def _check(self, path: Path, *, may_make: bool) -> None:
        with self._said():
            if may_make and not self._is_made():
                with self.writing():
                    if not self._is_made():  # by another rpz, meanwhile
                        self._make()
            application, version = self._pragma("application_id"), self._pragma("user_version")
        if application != APPLICATION or version < 1:
            raise CatalogError(f"{path} is no catalogue of rpz's", "Name another with --catalog")
        if version > VERSION:
            raise CatalogError(
                f"{path} has version {version}, this rpz reads up to {VERSION}", "Upgrade rpz"
            )

    def _is_made(self) -> bool:
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return bool(tables)

    def _make(self) -> None:
        statements = _SCHEMA.read_text("ascii").split(";\n")
        for statement in statements:  # executescript would end the transaction
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _pragma(self, name: str) -> int:
        (value,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    def __enter__(self) -> Self:
        """Return the catalogue."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the catalogue."""
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Make what is written inside stay, all of it or, on an error, nothing.

        Raises:
            CatalogError: another rpz writes for too long, or it can't be written.

        """
        with self._said():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def select(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a statement of SQL finds or makes: texts as bytes."""
        with self._said():
            return self._connection.execute(statement, values).fetchall()

    def each(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Execute a statement for each of some rows."""
        with self._said():
            self._connection.executemany(statement, rows)

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _trouble(self.path or Path("The catalogue"), error) from error


def spaced(listed: bytes) -> str:
    """Return a list as text with spaces: SQLite's own functions stop at the first NUL."""
    return listed.replace(b"\0", b" ").decode("utf-8", "replace")


def _trouble(path: Path, error: sqlite3.Error) -> CatalogError:
    said = str(error)
    if "locked" in said:
        return CatalogError(f"{path} is being written by another rpz", "Try again later")
    if "not a database" in said:
        return CatalogError(f"{path} is no catalogue of rpz's", "Name another with --catalog")
    if "readonly" in said or "unable to open" in said:
        return CatalogError(
            f"{path} can't be written: {said}", "Name another with --catalog, or get the right to"
        )
    return CatalogError(f"{path} can't be used: {said}", "Make a new one: rpz catalog add")
