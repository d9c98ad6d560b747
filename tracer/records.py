"""The records: what an engine says of a run while it watches it (``docs/record-stream.md``).

The mirror of ``native/record.h``: one class a record type, whose fields stand in the order of the
format. ``u32``, ``u64``, ``bytes`` (a string) and ``tuple[bytes, ...]`` (a list) are all there is.
All begin with ``time``: ``CLOCK_MONOTONIC`` in nanoseconds.
"""

from enum import IntEnum, IntFlag
from typing import NamedTuple, NewType

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


ENGINE_NAMES = {0: "native", 1: "python"}
"""``Run.engine``, as the trace database names it."""


class Run(NamedTuple):
    """The run begins."""

    time: u64
    wall_clock: u64
    umask: u32
    engine: u32
    workingdir: bytes
    argv: tuple[bytes, ...]


class PathName(NamedTuple):
    """A number for an absolute path."""

    time: u64
    path: u32
    name: bytes


class Process(NamedTuple):
    """A process or thread starts; flag 1 marks a thread."""

    time: u64
    process: u32
    parent: u32
    tid: u32
    flags: u32


class Exit(NamedTuple):
    """A process or thread ended, with its status or :data:`SIGNALLED` + signal.

    ``user_time`` and ``system_time`` are nanoseconds, ``memory`` is the greatest resident size in
    bytes, all of the process and the children that it has waited for; 0: not known.
    """

    time: u64
    process: u32
    status: u32
    user_time: u64
    system_time: u64
    memory: u64


class Exec(NamedTuple):
    """A process has replaced its program."""

    time: u64
    process: u32
    program: u32
    workingdir: u32
    reserved: u32
    argv: tuple[bytes, ...]
    environment: tuple[bytes, ...]


class File(NamedTuple):
    """A file was used: ``mode`` is a :class:`Mode`, ``flags`` a :class:`Flag`."""

    time: u64
    process: u32
    path: u32
    mode: u32
    flags: u32


class Link(NamedTuple):
    """A symbolic link was followed."""

    time: u64
    path: u32
    reserved: u32
    target: bytes


class Rename(NamedTuple):
    """A name was given or moved: ``kind`` is a :class:`RenameKind`."""

    time: u64
    process: u32
    old: u32
    new: u32
    kind: u32


class Remove(NamedTuple):
    """A name was removed; flag 1 marks a folder."""

    time: u64
    process: u32
    path: u32
    flags: u32
    reserved: u32


class Connection(NamedTuple):
    """A socket was given an address: ``kind`` is a :class:`ConnectionKind`."""

    time: u64
    process: u32
    kind: u32
    socket_type: u32
    reserved: u32
    address: bytes


class Warn(NamedTuple):
    """Something that makes the trace less sure."""

    time: u64
    process: u32
    reserved: u32
    text: bytes


class End(NamedTuple):
    """The run ended, with the status of process 1."""

    time: u64
    wall_clock: u64
    status: u32
    reserved: u32


class Absent(NamedTuple):
    """A file was looked for and was not there."""

    time: u64
    process: u32
    path: u32


class Listing(NamedTuple):
    """A folder was opened for reading; ``entries`` are its names, behind a letter for the type.

    The letters are those of find(1): ``f``, ``d``, ``l``, ``p``, ``s``, ``c``, ``b``; ``?``.
    """

    time: u64
    process: u32
    path: u32
    entries: tuple[bytes, ...]


class Snapshot(NamedTuple):
    """What a file was before the run changed it: ``kind`` is a :class:`SnapshotKind`.

    ``number`` is the name of the copy in the run's folder of snapshots, 0 if there is none. Times
    are nanoseconds since 1970.
    """

    time: u64
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


class Traffic(NamedTuple):
    """What a process has read and written, in bytes, with the children that it has waited for."""

    time: u64
    process: u32
    reserved: u32
    read: u64
    written: u64


class Random(NamedTuple):
    """A program got random bytes from the kernel: ``size`` is what it first asked for."""

    time: u64
    process: u32
    reserved: u32
    size: u64


class Ways(NamedTuple):
    """How the calls of a run were seen, and how often: ``docs/accelerator.md``.

    ``accelerated`` are processes; ``logged`` and ``repeated`` calls were seen inside of these.
    ``compared`` are looks that were seen in both ways, ``different`` those in one only.
    """

    time: u64
    stops: u64
    notices: u64
    logged: u64
    repeated: u64
    accelerated: u64
    compared: u64
    different: u64


Record = (
    Run | PathName | Process | Exit | Exec | File | Link | Rename | Remove | Connection | Warn | End
    | Absent | Listing | Snapshot | Traffic | Random | Ways
)  # fmt: skip

RECORDS: tuple[type[Record], ...] = (
    Run, PathName, Process, Exit, Exec, File, Link, Rename, Remove, Connection, Warn, End,
    Absent, Listing, Snapshot, Traffic, Random, Ways,
)  # fmt: skip
"""In the order of their types' numbers."""

TYPES: dict[type[Record], int] = {kind: number for number, kind in enumerate(RECORDS, 1)}
