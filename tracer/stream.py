"""The record stream: a file of :mod:`rpz.tracer.records` (``docs/record-stream.md``)."""

from __future__ import annotations

import mmap
import struct
from dataclasses import fields
from typing import TYPE_CHECKING, BinaryIO, get_type_hints

from rpz.errors import RpzError
from rpz.tracer.records import RECORDS, Record, u32, u64

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"RPZREC\r\n"
VERSION = 1
HEADER = struct.Struct("<8sH6x")
RECORD = struct.Struct("<IHHQ")


class RecordStreamError(RpzError):
    """The record stream can't be read."""


class _Layout:
    """How one record type lies in the file: its integers first, then its strings and lists."""

    def __init__(self, record: type[Record]) -> None:
        hints = get_type_hints(record)
        kinds = [hints[f.name] for f in fields(record)[1:]]
        numbers = [k for k in kinds if k in (u32, u64)]
        self.record = record
        self.numbers = struct.Struct("<" + "".join("IQ"[k is u64] for k in numbers))
        self.is_list = [k is not bytes for k in kinds[len(numbers) :]]

    def decode(self, time: int, body: bytes) -> Record:
        values: list[object] = list(self.numbers.unpack_from(body))
        offset = self.numbers.size
        for is_list in self.is_list:
            (length,) = struct.unpack_from("<I", body, offset)
            offset += 4 + length
            if offset > len(body):
                raise struct.error("string longer than its record")
            text = body[offset - length : offset]
            values.append(tuple(text.split(b"\0")[:-1]) if is_list else text)
        return self.record(time, *values)

    def encode(self, record: Record) -> bytes:
        values = [getattr(record, f.name) for f in fields(record)[1:]]
        count = len(values) - len(self.is_list)
        body = bytearray(self.numbers.pack(*values[:count]))
        for value in values[count:]:
            text = value if isinstance(value, bytes) else b"".join(v + b"\0" for v in value)
            body += struct.pack("<I", len(text)) + text
        body += bytes(-len(body) % 8)
        return RECORD.pack(RECORD.size + len(body), self.record.TYPE, 0, record.time) + body


_LAYOUTS = {record.TYPE: _Layout(record) for record in RECORDS}


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a stream up to its end, or to where its engine was killed.

    Raises:
        RecordStreamError: not a record stream, from a newer rpz, or damaged.

    """
    with path.open("rb") as file:
        start = file.read(HEADER.size)
        if not start.strip(b"\0"):  # nothing had reached the disk when the machine was killed
            return
        _check_header(path, start)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from _records_in(path, data)


def _check_header(path: Path, start: bytes) -> None:
    if len(start) < HEADER.size or not start.startswith(MAGIC):
        raise RecordStreamError(f"{path} is not a record stream of rpz")
    _, version = HEADER.unpack(start)
    if version > VERSION:
        raise RecordStreamError(
            f"{path} is a record stream of version {version}, this rpz reads up to {VERSION}",
            "Upgrade rpz",
        )


def _records_in(path: Path, data: mmap.mmap) -> Iterator[Record]:
    offset = HEADER.size
    while offset + RECORD.size <= len(data):
        size, kind, _, time = RECORD.unpack_from(data, offset)
        if size == 0:
            return
        if size % 8 or size < RECORD.size or offset + size > len(data):
            raise RecordStreamError(f"{path} is damaged at byte {offset}: a record of {size} bytes")
        if layout := _LAYOUTS.get(kind):
            try:
                yield layout.decode(time, data[offset + RECORD.size : offset + size])
            except struct.error as error:
                raise RecordStreamError(f"{path} is damaged at byte {offset}: {error}") from None
        offset += size


class RecordWriter:
    """Append records to a stream, for engines written in Python."""

    def __init__(self, file: BinaryIO) -> None:
        """Write the header."""
        self._file = file
        file.write(HEADER.pack(MAGIC, VERSION))

    def write(self, record: Record) -> None:
        """Append one record."""
        self._file.write(_LAYOUTS[record.TYPE].encode(record))
