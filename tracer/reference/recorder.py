"""Write what was seen as records: numbers for paths, and nothing twice."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from typing import TYPE_CHECKING, BinaryIO, cast

from rpz.tracer import records, stream
from rpz.tracer.records import Flag, Mode, u32, u64
from rpz.tracer.reference.listing import entries_of, state_of
from rpz.tracer.reference.resolve import CrossedLink, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from resource import struct_rusage

    from typing_extensions import Self

    from rpz.tracer.reference.resolve import LeftFolder

log = logging.getLogger(__name__)

NOTHING = u32(0)
ENGINE = u32(1)
"""This one's number in the record of a run."""


class Recorder:
    """The record stream of one run; a context manager that closes it.

    When the stream can't be written any more (a full disk), that is said once and the stream ends
    there: the command goes on.
    """

    def __init__(self, path: Path) -> None:
        """Create the stream; it must not exist."""
        self._file = _WholeRecords(path)
        self._writer = stream.RecordWriter(cast("BinaryIO", self._file))
        self._paths: dict[bytes, u32] = {}
        self._links: set[CrossedLink] = set()
        self._uses: dict[bytes, set[tuple[int, Mode, Flag]]] = {}
        self._missed: set[bytes] = set()
        self._listed: set[tuple[bytes, int, int]] = set()
        self._warnings: set[str] = set()

    def __enter__(self) -> Self:
        """Return the recorder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the stream."""
        self._file.close()

    def _write(self, kind: Callable[..., records.Record], *values: object) -> None:
        self._writer.write(kind(time.monotonic_ns(), *values))

    def _number(self, path: bytes) -> u32:
        if path not in self._paths:
            self._paths[path] = u32(len(self._paths) + 1)
            self._write(records.PathName, self._paths[path], path)
        return self._paths[path]

    def run(self, workingdir: bytes, argv: Sequence[bytes]) -> None:
        """Begin the run."""
        umask = os.umask(0)
        os.umask(umask)
        self._write(records.Run, _now(), umask, ENGINE, workingdir, tuple(argv))

    def process(self, number: int, parent: int, tid: int, *, is_thread: bool) -> None:
        """Record that a process or thread has started."""
        self._write(records.Process, number, parent, tid, int(is_thread))

    def exit(self, number: int, status: int, usage: struct_rusage | None = None) -> None:
        """Record that a process, or a thread (which has no usage), has ended."""
        used = _used(usage) if usage else (0, 0, 0)
        self._write(records.Exit, number, status, *used)

    def execution(
        self,
        number: int,
        program: bytes,
        workingdir: bytes,
        argv: Sequence[bytes],
        environment: Sequence[bytes],
    ) -> None:
        """Record that a process has replaced its program."""
        paths = self._number(program), self._number(workingdir)
        self._write(records.Exec, number, *paths, NOTHING, tuple(argv), tuple(environment))

    def use(self, number: int, place: Place, mode: Mode, flags: Flag) -> None:
        """Record that a file was used; what is known of it is added to the flags."""
        for crossing in place.crossed:
            self._crossing(number, crossing)
        if place.exists:
            flags |= Flag.EXISTED
        if place.is_directory:
            flags |= Flag.DIRECTORY
        self._file_use(number, place.path, mode, flags)

    def _crossing(self, number: int, crossing: CrossedLink | LeftFolder) -> None:
        if not isinstance(crossing, CrossedLink):
            self._file_use(number, crossing.path, Mode.STAT, Flag.DIRECTORY | Flag.EXISTED)
        elif crossing not in self._links:
            self._links.add(crossing)
            self._write(records.Link, self._number(crossing.path), NOTHING, crossing.target)

    def _file_use(self, number: int, path: bytes, mode: Mode, flags: Flag) -> None:
        use = (number, mode, flags)
        self._missed.discard(path)
        if use not in self._uses.setdefault(path, set()):
            self._uses[path].add(use)
            self._write(records.File, number, self._number(path), mode, flags)

    def rename(self, number: int, old: Place, new: Place, kind: records.RenameKind) -> None:
        """Record that a name was given or moved."""
        self._write(records.Rename, number, self._number(old.path), self._number(new.path), kind)
        self._forget(old)
        self._forget(new)

    def remove(self, number: int, place: Place) -> None:
        """Record that a name was removed."""
        path = self._number(place.path)
        self._write(records.Remove, number, path, int(place.is_directory), NOTHING)
        self._forget(place)

    def _forget(self, place: Place) -> None:
        """Record the next use of a name that has changed, even if it looks like an earlier one."""
        if place.is_directory:
            self._uses.clear()
        else:
            self._uses.pop(place.path, None)
        self._missed.discard(place.path)

    def absence(self, number: int, path: bytes) -> None:
        """Record that a file was looked for that isn't there, until it comes."""
        if path not in self._missed:
            self._missed.add(path)
            self._write(records.Absent, number, self._number(path))

    def listing(self, number: int, path: bytes) -> None:
        """Record what is in a folder, unless it was since the folder's last change."""
        try:
            state, recent = state_of(path)
            if (path, *state) in self._listed and not recent:
                return
            entries = entries_of(path)
        except OSError:  # it is not ours to read, or gone
            return
        self._listed.add((path, *state))
        if entries is None:
            text = f"What is in the folder {os.fsdecode(path)} was not recorded: it is too large"
            self.warning(number, text)
        else:
            self._write(records.Listing, number, self._number(path), entries)

    def connection(self, number: int, kind: records.ConnectionKind, address: bytes) -> None:
        """Record that a socket was given an address."""
        self._write(records.Connection, number, kind, NOTHING, NOTHING, address)

    def snapshot(self, number: int, place: Place, copy: int, kind: records.SnapshotKind) -> None:
        """Record what a file is before its first change, and the number of the copy, if any."""
        if (status := place.status) is None:
            return
        path = self._number(place.path)
        about = (status.st_mode, status.st_nlink, status.st_uid, status.st_gid)
        times = (_unsigned(status.st_atime_ns), _unsigned(status.st_mtime_ns))
        inode = (status.st_dev, status.st_ino, status.st_size)
        self._write(records.Snapshot, number, path, copy, kind, *about, *inode, *times)

    def warning(self, number: int, text: str) -> None:
        """Record what makes the trace less sure, once a run."""
        if text not in self._warnings:
            self._warnings.add(text)
            self._write(records.Warn, number, NOTHING, os.fsencode(text))

    def end(self, status: int) -> None:
        """End the run."""
        self._write(records.End, _now(), status, NOTHING)


class _WholeRecords:
    """An append-only file in which every write is there as a whole, or not at all."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._size = 0
        self._failed = False

    def write(self, data: bytes) -> int:
        if self._failed:
            return 0
        try:
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            self._failed = True
            os.ftruncate(self._descriptor, self._size)
            log.warning("%s. The trace ends here, the command goes on.", error.strerror)
        else:
            self._size += len(data)
        return len(data)

    def close(self) -> None:
        os.close(self._descriptor)


def _used(usage: struct_rusage) -> tuple[int, int, int]:
    """Return the times in nanoseconds and the memory in bytes; the kernel counts in KiB."""
    user, system = (round(seconds * 1e9) for seconds in (usage.ru_utime, usage.ru_stime))
    return user, system, usage.ru_maxrss * 1024


def _unsigned(number: int) -> u64:
    return u64(number % (1 << 64))


def _now() -> u64:
    return u64(time.time_ns())
