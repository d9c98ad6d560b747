"""What is known of very many paths: in memory as long as it is little, else on the disk."""

from __future__ import annotations

import marshal
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from rpz.packer.aside import AsideError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
D = TypeVar("D")

RECENT = 5000
"""Values that are kept in memory before they are written, many at a time."""
MANY = 30_000
"""Where a thing is done once for a trace, and somebody waits: some 250 bytes each."""
CACHE = 1000
"""KiB of the file that SQLite keeps in memory."""

FROM = "SELECT key, value FROM rows WHERE key >= ? ORDER BY key"

MISSING: Any = object()


def _same(value: Any) -> Any:
    return value


def _same_of(_key: bytes, value: Any) -> Any:
    return value


class Table(Mapping[bytes, T]):
    """Values by their keys, in the order of the keys' bytes.

    ``encode`` turns a value into plain ones (numbers, text, bytes, tuples of these), ``decode``
    makes it anew of the key and them. Nothing may be changed while it is gone through.
    """

    def __init__(
        self,
        encode: Callable[[T], Any] = _same,
        decode: Callable[[bytes, Any], T] = _same_of,
        most: int = RECENT,
    ) -> None:
        """Begin an empty table, of which so many values are kept in memory."""
        self._most = most
        self._encode = encode
        self._decode = decode
        self._recent: dict[bytes, T] = {}
        self._execute: Callable[..., sqlite3.Cursor] | None = None
        self._following: Iterator[tuple[bytes, bytes]] = iter(())
        self._next: tuple[bytes, bytes] | None = None

    def __setitem__(self, key: bytes, value: T) -> None:
        """Put a value in, in the place of one with the same key."""
        self._recent[key] = value
        if len(self._recent) >= self._most:
            self._write()

    def __delitem__(self, key: bytes) -> None:
        """Take a value out, if it is there."""
        self._recent.pop(key, None)
        if self._execute is not None:
            self._next = None
            self._execute("DELETE FROM rows WHERE key = ?", (key,))

    def add(self, key: bytes, value: T) -> bool:
        """Put a value in, unless the key is known; return whether it was new."""
        if key in self:
            return False
        self[key] = value
        return True

    def update(self, pairs: Iterable[tuple[bytes, T]]) -> None:
        """Put values in, in the place of those with the same keys."""
        for key, value in pairs:
            self[key] = value

    def add_all(self, pairs: Iterable[tuple[bytes, T]]) -> None:
        """Put values in whose keys aren't known."""
        left = iter(pairs)
        if self._execute is None:
            for key, value in left:
                self._recent.setdefault(key, value)
                if len(self._recent) >= self._most:
                    break
            else:
                return
        self._write()
        self._insert("IGNORE", left)

    def _write(self) -> None:
        """Put what is in memory on the disk."""
        if self._recent:
            self._insert("REPLACE", self._recent.items())
            self._recent.clear()

    def _insert(self, conflict: str, pairs: Iterable[tuple[bytes, T]]) -> None:
        if self._execute is None:
            self._open()
        self._next = None
        encode, dumps = self._encode, marshal.dumps
        rows = ((key, dumps(encode(value))) for key, value in pairs)
        statement = f"INSERT OR {conflict} INTO rows VALUES (?, ?)"  # noqa: S608 (our own words)
        try:
            self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise AsideError(error) from error

    def _open(self) -> None:
        """Begin a file without a name."""
        self._connection = sqlite3.connect("", check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        self._execute = self._connection.execute
        self._execute("PRAGMA journal_mode = OFF")
        self._execute(f"PRAGMA cache_size = -{CACHE}")
        self._execute("CREATE TABLE rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def _find(self, key: bytes) -> T:
        """Return the value of a key, else ``MISSING``."""
        value = self._recent.get(key, MISSING)
        if value is not MISSING or self._execute is None:
            return cast("T", value)
        row = self._next
        if row is None or row[0] != key:
            self._following = self._execute(FROM, (key,))
            row = self._next = next(self._following, None)
            if row is None or row[0] != key:
                return cast("T", MISSING)
        # Who asks for one often asks for the next after it: to step there is a fifth of the work
        self._next = next(self._following, None)
        return self._decode(key, marshal.loads(row[1]))  # noqa: S302

    def __getitem__(self, key: bytes) -> T:
        """Return the value of a key."""
        value = self._find(key)
        if value is MISSING:
            raise KeyError(key)
        return value

    @overload
    def get(self, key: bytes) -> T | None: ...
    @overload
    def get(self, key: bytes, default: T | D) -> T | D: ...
    def get(self, key: bytes, default: T | D | None = None) -> T | D | None:
        """Return the value of a key, or else the default."""
        value = self._recent.get(key, MISSING)
        if value is MISSING and self._execute is not None:
            value = self._find(key)
        return default if value is MISSING else value

    def __contains__(self, key: object) -> bool:
        """Whether a key is known."""
        if key in self._recent:
            return True
        if self._execute is None:
            return False
        return self._execute("SELECT 1 FROM rows WHERE key = ?", (key,)).fetchone() is not None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the keys, sorted."""
        if self._execute is None:
            yield from sorted(self._recent)
            return
        self._write()
        for (key,) in self._execute("SELECT key FROM rows ORDER BY key"):
            yield key

    def stream(self) -> Iterator[T]:
        """Yield the values, by their keys."""
        if self._execute is None:
            for key in sorted(self._recent):
                yield self._recent[key]
            return
        self._write()
        for key, value in self._execute("SELECT key, value FROM rows ORDER BY key"):
            yield self._decode(key, marshal.loads(value))  # noqa: S302

    def __len__(self) -> int:
        """Return how many there are."""
        if self._execute is None:
            return len(self._recent)
        self._write()
        (count,) = self._execute("SELECT count(*) FROM rows").fetchone()
        return int(count)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self._recent) or len(self) > 0
