"""The record stream: a file of :mod:`rpz.tracer.records` (``docs/record-stream.md``)."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, get_type_hints

from rpz.errors import RpzError
from rpz.tracer.records import TYPES, Record, u32, u64

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"RPZREC\r\n"
VERSION = 1
HEADER = struct.Struct("<8sH6x")
RECORD = struct.Struct("<IHHQ")
START = struct.Struct("<IH")
"""What tells how a record goes on."""
TIME = struct.Struct("<8xQ")
LENGTH = struct.Struct("<I")

Values: TypeAlias = tuple[Any, ...]
"""The time and the fields of a record, in their order in its class in :mod:`rpz.tracer.records`."""


class RecordStreamError(RpzError):
    """The record stream can't be read."""

    usual_remedy = "Trace again"


def damaged(error: KeyError | ValueError) -> RecordStreamError:
    """Return what to raise when records contradict each other: a number that is nothing's, say."""
    said = f"number {error} is nothing's" if isinstance(error, KeyError) else str(error)
    return RecordStreamError(f"The record stream is damaged: {said}")


class _Layout:
    """How one record type lies in the file: its integers first, then its strings and lists."""

    def __init__(self, record: type[Record]) -> None:
        _, *kinds = get_type_hints(record).values()
        numbers = [k for k in kinds if k in (u32, u64)]
        self.record = record
        self.numbers = struct.Struct("<" + "".join("IQ"[k is u64] for k in numbers))
        self.timed_numbers = struct.Struct(TIME.format + self.numbers.format[1:])
        self.is_list = [k is not bytes for k in kinds[len(numbers) :]]
        self.is_name = self.is_list == [False]

    def values(self, data: bytes | mmap.mmap, begin: int, end: int) -> Values:
        """Return the time and the fields of the record that is there."""
        offset = begin + self.timed_numbers.size
        if offset > end:
            raise struct.error("fields longer than their record")
        numbers = self.timed_numbers.unpack_from(data, begin)
        if not self.is_list:
            return numbers
        if self.is_name:  # most of those with a text are
            return (*numbers, _text(data, offset, end))
        return (*numbers, *self._texts(data, offset, end))

    def _texts(self, data: bytes | mmap.mmap, offset: int, end: int) -> Iterator[object]:
        for is_list in self.is_list:
            text = _text(data, offset, end)
            offset += LENGTH.size + len(text)
            yield tuple(text.split(b"\0")[:-1]) if is_list else text

    def encode(self, record: Record) -> bytes:
        values: tuple[Any, ...] = record[1:]
        count = len(values) - len(self.is_list)
        body = bytearray(self.numbers.pack(*values[:count]))
        for value in values[count:]:
            text = value if isinstance(value, bytes) else b"".join(v + b"\0" for v in value)
            body += LENGTH.pack(len(text)) + text
        body += bytes(-len(body) % 8)
        return RECORD.pack(RECORD.size + len(body), TYPES[self.record], 0, record.time) + body


def _text(data: bytes | mmap.mmap, offset: int, end: int) -> bytes:
    """Return the text whose length is there, in a record that ends there."""
    if offset + LENGTH.size > end:
        raise struct.error("string without its length")
    (length,) = LENGTH.unpack_from(data, offset)
    offset += LENGTH.size
    if offset + length > end:
        raise struct.error("string longer than its record")
    return data[offset : offset + length]


_LAYOUTS = {number: _Layout(record) for record, number in TYPES.items()}


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a stream up to its end, or to where its engine was killed.

    Raises:
        RecordStreamError: not a record stream, from a newer rpz, or damaged.

    """
    for kind, values in read_values(path):
        yield _LAYOUTS[kind].record(*values)


def read_values(path: Path, begin: int = HEADER.size) -> Iterator[tuple[int, Values]]:
    """Yield the type and the values of each record, as :func:`read_records` does.

    Without the objects it takes a third of the time. ``begin`` is where a record begins.

    Raises:
        RecordStreamError: as of :func:`read_records`.

    """
    with path.open("rb") as file:
        start = file.read(HEADER.size)
        if not start.strip(b"\0"):  # nothing had reached the disk when the machine was killed
            return
        _check_header(path, start)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from values_in(path, data, begin)


def values_of(record: Record) -> tuple[int, Values]:
    """Return the type and the values of a record."""
    return TYPES[type(record)], record


def _check_header(path: Path, start: bytes) -> None:
    if len(start) < HEADER.size or not start.startswith(MAGIC):
        raise RecordStreamError(f"{path} is not a record stream of rpz")
    _, version = HEADER.unpack(start)
    if version > VERSION:
        raise RecordStreamError(
            f"{path} is a record stream of version {version}, this rpz reads up to {VERSION}",
            "Upgrade rpz",
        )


def has_header(path: Path) -> bool:
    """Whether a stream was begun.

    Raises:
        RecordStreamError: it is something else, or from a newer rpz.

    """
    try:
        with path.open("rb") as file:
            start = file.read(HEADER.size)
    except FileNotFoundError:
        return False
    if not start.strip(b"\0"):
        return False
    _check_header(path, start)
    return True


def whole(data: bytes) -> tuple[int, int]:
    """Return how many bytes of a part of a stream are whole records, and the next one's size.

    Of a record that isn't there yet, and of one that can't be right, the size is 0.
    """
    offset = 0
    while offset + RECORD.size <= len(data):
        size, _ = START.unpack_from(data, offset)
        if size == 0 or size % 8:
            break
        if offset + size > len(data):
            return offset, size
        offset += size
    return offset, 0


def values_in(path: Path, data: bytes | mmap.mmap, begin: int = 0) -> Iterator[tuple[int, Values]]:
    """Yield the type and the values of each record in a stream, or in a part of it."""
    start, layouts = START.unpack_from, _LAYOUTS
    offset, length = begin, len(data)
    while offset + RECORD.size <= length:
        size, kind = start(data, offset)
        if size == 0:
            return
        end = offset + size
        if size % 8 or size < RECORD.size or end > length:
            raise RecordStreamError(f"{path} is damaged at byte {offset}: a record of {size} bytes")
        if layout := layouts.get(kind):
            try:
                yield kind, layout.values(data, offset, end)
            except struct.error as error:
                raise RecordStreamError(f"{path} is damaged at byte {offset}: {error}") from None
        offset = end


class RecordWriter:
    """Append records to a stream, for engines written in Python."""

    def __init__(self, file: BinaryIO) -> None:
        """Write the header."""
        self._file = file
        file.write(HEADER.pack(MAGIC, VERSION))

    def write(self, record: Record) -> None:
        """Append one record."""
        self._file.write(_LAYOUTS[TYPES[type(record)]].encode(record))
