"""The record stream: what an engine writes while it watches a run (``docs/record-stream.md``).

The mirror of ``native/record.h``: one class a record type, whose fields stand in the order of the
format. ``u32``, ``u64``, ``bytes`` (a string) and ``tuple[bytes, ...]`` (a list) are all there is.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, BinaryIO, ClassVar, NewType, get_type_hints

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"RPZREC\r\n"
VERSION = 1
HEADER = struct.Struct("<8sH6x")
RECORD = struct.Struct("<IHHQ")

u32 = NewType("u32", int)
u64 = NewType("u64", int)

SIGNALLED = 0x100
"""Added to a signal's number in an exit status, as in ReproZip."""


class Mode(IntFlag):
    """What was done with a file: ReproZip's bits."""

    READ = 1
    WRITE = 2
    WDIR = 4
    STAT = 8
    LINK = 16
    SOCKET = 32


class Flag(IntFlag):
    """What was known of a file when it was used."""

    DIRECTORY = 1
    EXISTED = 2
    TRUNCATED = 4


class RenameKind(IntEnum):
    """How a name came to be."""

    RENAME = 1
    EXCHANGE = 2
    HARDLINK = 3


class ConnectionKind(IntEnum):
    """What gave a socket an address."""

    CONNECT = 1
    ACCEPT = 2
    BIND = 3


@dataclass(frozen=True)
class Record:
    """What all records have: ``time`` is ``CLOCK_MONOTONIC`` in nanoseconds."""

    TYPE: ClassVar[int] = 0

    time: int


@dataclass(frozen=True)
class Run(Record):
    """The run begins."""

    TYPE = 1
    wall_clock: u64
    umask: u32
    reserved: u32
    workingdir: bytes
    argv: tuple[bytes, ...]


@dataclass(frozen=True)
class PathName(Record):
    """A number for an absolute path."""

    TYPE = 2
    path: u32
    name: bytes


@dataclass(frozen=True)
class Process(Record):
    """A process or thread starts; flag 1 marks a thread."""

    TYPE = 3
    process: u32
    parent: u32
    tid: u32
    flags: u32


@dataclass(frozen=True)
class Exit(Record):
    """A process or thread ended, with its status or :data:`SIGNALLED` + signal."""

    TYPE = 4
    process: u32
    status: u32


@dataclass(frozen=True)
class Exec(Record):
    """A process has replaced its program."""

    TYPE = 5
    process: u32
    program: u32
    workingdir: u32
    reserved: u32
    argv: tuple[bytes, ...]
    environment: tuple[bytes, ...]


@dataclass(frozen=True)
class File(Record):
    """A file was used: ``mode`` is a :class:`Mode`, ``flags`` a :class:`Flag`."""

    TYPE = 6
    process: u32
    path: u32
    mode: u32
    flags: u32


@dataclass(frozen=True)
class Link(Record):
    """A symbolic link was followed."""

    TYPE = 7
    path: u32
    reserved: u32
    target: bytes


@dataclass(frozen=True)
class Rename(Record):
    """A name was given or moved: ``kind`` is a :class:`RenameKind`."""

    TYPE = 8
    process: u32
    old: u32
    new: u32
    kind: u32


@dataclass(frozen=True)
class Remove(Record):
    """A name was removed; flag 1 marks a folder."""

    TYPE = 9
    process: u32
    path: u32
    flags: u32
    reserved: u32


@dataclass(frozen=True)
class Connection(Record):
    """A socket was given an address: ``kind`` is a :class:`ConnectionKind`."""

    TYPE = 10
    process: u32
    kind: u32
    socket_type: u32
    reserved: u32
    address: bytes


@dataclass(frozen=True)
class Warn(Record):
    """Something that makes the trace less sure."""

    TYPE = 11
    process: u32
    reserved: u32
    text: bytes


@dataclass(frozen=True)
class End(Record):
    """The run ended, with the status of process 1."""

    TYPE = 12
    wall_clock: u64
    status: u32
    reserved: u32


RECORDS: tuple[type[Record], ...] = (
    Run, PathName, Process, Exit, Exec, File, Link, Rename, Remove, Connection, Warn, End,
)  # fmt: skip


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
        if not (start := file.read(HEADER.size)):
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
