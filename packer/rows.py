"""Long lists, of which only the last few rows are in memory, the others on the disk."""

from __future__ import annotations

import errno
import itertools
import marshal
import os
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from rpaths import PosixPath

from rpz.packer.aside import AsideError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

T = TypeVar("T")

BATCH = 1000
"""Rows that are put aside at once; a list of fewer needs no file."""


class Aside:
    """A file without a name that takes batches of rows; lists may share one."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._file: BinaryIO | None = None
        self._end = 0

    def put(self, rows: list[Any]) -> int:
        """Write a batch of plain values; return where it begins."""
        data = marshal.dumps(rows)
        start = self._end
        try:
            self._write(len(data).to_bytes(8, "little") + data)
        except OSError as error:
            raise AsideError(error) from error
        return start

    def _write(self, block: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (as long as the lists)
            weakref.finalize(self, self._file.close)
        if os.pwrite(self._file.fileno(), block, self._end) < len(block):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._end += len(block)

    def get(self, start: int) -> list[Any]:
        """Return the batch that begins somewhere."""
        assert self._file is not None  # noqa: S101 (something was put)
        size = int.from_bytes(os.pread(self._file.fileno(), 8, start), "little")
        rows: list[Any] = marshal.loads(os.pread(self._file.fileno(), size, start + 8))  # noqa: S302 (our own)
        return rows


class Rows(Sequence[T]):
    """A list that only grows.

    ``encode`` turns an element into plain values (numbers, text, bytes, tuples of these),
    ``decode`` makes it anew of them.
    """

    def __init__(
        self,
        encode: Callable[[T], Any],
        decode: Callable[[Any], T],
        aside: Aside | None = None,
    ) -> None:
        """Begin an empty list, in a file of its own unless it is given one."""
        self._encode = encode
        self._decode = decode
        self._aside = aside or Aside()
        self._starts = array("Q")
        self._last: list[Any] = []

    @property
    def parts(self) -> tuple[bytes, list[Any]]:
        """What another list with the same file has to be given to have the same elements."""
        return self._starts.tobytes(), self._last

    @parts.setter
    def parts(self, parts: tuple[bytes, list[Any]]) -> None:
        self._starts = array("Q", parts[0])
        self._last = parts[1]

    def append(self, element: T) -> None:
        """Add an element."""
        self._last.append(self._encode(element))
        if len(self._last) == BATCH:
            self._starts.append(self._aside.put(self._last))
            self._last = []

    def extend(self, elements: Iterable[T]) -> None:
        """Add elements."""
        for element in elements:
            self.append(element)

    def extend_plain(self, values: Iterable[Any]) -> None:
        """Add elements of which there is what they are made of."""
        left = iter(values)
        while True:
            self._last += itertools.islice(left, BATCH - len(self._last))
            if len(self._last) < BATCH:
                return
            self._starts.append(self._aside.put(self._last))
            self._last = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._starts) * BATCH + len(self._last)

    def __iter__(self) -> Iterator[T]:
        """Yield all, in order."""
        return map(self._decode, self.plain())

    def plain(self) -> Iterator[Any]:
        """Yield what they were made to be put aside."""
        for start in self._starts:
            yield from self._aside.get(start)
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return one element, or some."""
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = range(len(self))[index]
        batch, within = divmod(place, BATCH)
        full = batch < len(self._starts)
        return self._decode((self._aside.get(self._starts[batch]) if full else self._last)[within])

    def __eq__(self, other: object) -> bool:
        """Whether another list has the same elements."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(_equal, self, other))

    def __hash__(self) -> int:
        """Be as hashable as a tuple."""
        return hash(len(self))


def _equal(one: object, other: object) -> bool:
    return one == other


def kept(
    elements: Iterable[T],
    encode: Callable[[T], Any],
    decode: Callable[[Any], T],
    aside: Aside | None = None,
) -> Sequence[T]:
    """Return a list of elements that doesn't change: a tuple where there are few."""
    left = iter(elements)
    few = tuple(itertools.islice(left, BATCH))
    if len(few) < BATCH:
        return few
    rows = Rows(encode, decode, aside)
    rows.extend(few)
    rows.extend(left)
    return rows


def kept_paths(paths: Iterable[PosixPath], aside: Aside | None = None) -> Sequence[PosixPath]:
    """Return a list of paths that doesn't change."""
    return kept(paths, bytes, PosixPath, aside)


def kept_names(names: Iterable[bytes]) -> Sequence[PosixPath]:
    """Return a list of real paths that doesn't change."""
    rows = Rows(bytes, PosixPath)
    rows.extend_plain(names)
    return rows if len(rows) >= BATCH else tuple(rows)


def path_bytes(paths: Sequence[PosixPath]) -> Iterator[bytes]:
    """Yield the bytes of paths: to make an object of each takes longer than most of its uses."""
    return paths.plain() if isinstance(paths, Rows) else map(bytes, paths)
