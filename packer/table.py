"""What is known of very many paths: in memory as long as it is little, else on the disk."""

from __future__ import annotations

import marshal
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
D = TypeVar("D")

CACHE = 1000
"""KiB of a table that SQLite keeps in memory."""


def _same(value: Any) -> Any:
    return value


def _same_of(_key: bytes, value: Any) -> Any:
    return value


class Table(Mapping[bytes, T]):
    """Values by their keys, in the order of the keys' bytes.

    ``encode`` turns a value into plain ones (numbers, text, bytes, tuples of these), ``decode``
    makes it anew of the key and them. Nothing may be added while it is gone through.
    """

    def __init__(
        self, encode: Callable[[T], Any] = _same, decode: Callable[[bytes, Any], T] = _same_of
    ) -> None:
        """Begin an empty table, in a file without a name."""
        self._encode = encode
        self._decode = decode
        connection = sqlite3.connect("", check_same_thread=False)
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute("CREATE TABLE rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        weakref.finalize(self, connection.close)
        self._execute = connection.execute
        self._executemany = connection.executemany

    def __setitem__(self, key: bytes, value: T) -> None:
        """Put a value in, in the place of one with the same key."""
        row = key, marshal.dumps(self._encode(value))
        self._execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", row)

    def __delitem__(self, key: bytes) -> None:
        """Take a value out, if it is there."""
        self._execute("DELETE FROM rows WHERE key = ?", (key,))

    def add(self, key: bytes, value: T) -> bool:
        """Put a value in, unless the key is known; return whether it was new."""
        row = key, marshal.dumps(self._encode(value))
        return self._execute("INSERT OR IGNORE INTO rows VALUES (?, ?)", row).rowcount == 1

    def update(self, pairs: Iterable[tuple[bytes, T]]) -> None:
        """Put values in, in the place of those with the same keys."""
        rows = ((key, marshal.dumps(self._encode(value))) for key, value in pairs)
        self._executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", rows)

    def add_all(self, pairs: Iterable[tuple[bytes, T]]) -> None:
        """Put values in whose keys aren't known."""
        rows = ((key, marshal.dumps(self._encode(value))) for key, value in pairs)
        self._executemany("INSERT OR IGNORE INTO rows VALUES (?, ?)", rows)

    def __getitem__(self, key: bytes) -> T:
        """Return the value of a key."""
        found = self._execute("SELECT value FROM rows WHERE key = ?", (key,)).fetchone()
        if found is None:
            raise KeyError(key)
        return self._decode(key, marshal.loads(found[0]))  # noqa: S302 (our own)

    @overload
    def get(self, key: bytes) -> T | None: ...
    @overload
    def get(self, key: bytes, default: T | D) -> T | D: ...
    def get(self, key: bytes, default: T | D | None = None) -> T | D | None:
        """Return the value of a key, or else the default."""
        found = self._execute("SELECT value FROM rows WHERE key = ?", (key,)).fetchone()
        return default if found is None else self._decode(key, marshal.loads(found[0]))  # noqa: S302

    def __contains__(self, key: object) -> bool:
        """Whether a key is known."""
        found = self._execute("SELECT 1 FROM rows WHERE key = ?", (key,))
        return found.fetchone() is not None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the keys, sorted."""
        for (key,) in self._execute("SELECT key FROM rows ORDER BY key"):
            yield key

    def stream(self) -> Iterator[T]:
        """Yield the values, by their keys."""
        for key, value in self._execute("SELECT key, value FROM rows ORDER BY key"):
            yield self._decode(key, marshal.loads(value))  # noqa: S302

    def __len__(self) -> int:
        """Return how many there are."""
        (count,) = self._execute("SELECT count(*) FROM rows").fetchone()
        return int(count)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self._execute("SELECT 1 FROM rows LIMIT 1").fetchone() is not None
