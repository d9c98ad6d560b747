"""The records: what an engine says of a run while it watches it (``docs/record-stream.md``).

The mirror of ``native/record.h``: one class a record type, whose fields stand in the order of the
format. ``u32``, ``u64``, ``bytes`` (a string) and ``tuple[bytes, ...]`` (a list) are all there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, NewType

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


class SnapshotKind(IntEnum):
    """What was kept of a file before its first change."""

    CONTENT = 1
    STATUS = 2
    TOO_LARGE = 3
    FAILED = 4


class ConnectionKind(IntEnum):
    """What gave a socket an address; SENDTO: a datagram was sent to it, without a connection."""

    CONNECT = 1
    ACCEPT = 2
    BIND = 3
    SENDTO = 4


@dataclass(frozen=True)
class Record:
    """What all records have: ``time`` is ``CLOCK_MONOTONIC`` in nanoseconds."""

    TYPE: ClassVar[int] = 0

    time: int


ENGINE_NAMES = {0: "native", 1: "python"}
"""``Run.engine``, as the trace database names it."""


@dataclass(frozen=True)
class Run(Record):
    """The run begins."""

    TYPE = 1
    wall_clock: u64
    umask: u32
    engine: u32
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
    """A process or thread ended, with its status or :data:`SIGNALLED` + signal.

    ``user_time`` and ``system_time`` are nanoseconds, ``memory`` is the greatest resident size in
    bytes, all of the process and the children that it has waited for; 0: not known.
    """

    TYPE = 4
    process: u32
    status: u32
    user_time: u64
    system_time: u64
    memory: u64


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


@dataclass(frozen=True)
class Absent(Record):
    """A file was looked for and was not there."""

    TYPE = 13
    process: u32
    path: u32


@dataclass(frozen=True)
class Listing(Record):
    """A folder was opened for reading; ``entries`` are its names, behind a letter for the type.

    The letters are those of find(1): ``f``, ``d``, ``l``, ``p``, ``s``, ``c``, ``b``; ``?``.
    """

    TYPE = 14
    process: u32
    path: u32
    entries: tuple[bytes, ...]


@dataclass(frozen=True)
class Snapshot(Record):
    """What a file was before the run changed it: ``kind`` is a :class:`SnapshotKind`.

    ``number`` is the name of the copy in the run's folder of snapshots, 0 if there is none. Times
    are nanoseconds since 1970.
    """

    TYPE = 15
    process: u32
    path: u32
    number: u32
    kind: u32
    mode: u32
    links: u32
    uid: u32
    gid: u32
    device: u64
    inode: u64
    size: u64
    accessed: u64
    modified: u64


RECORDS: tuple[type[Record], ...] = (
    Run, PathName, Process, Exit, Exec, File, Link, Rename, Remove, Connection, Warn, End,
    Absent, Listing, Snapshot,
)  # fmt: skip
