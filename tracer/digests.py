"""The SHA-256 of what a run read and wrote, taken when it has ended."""

from __future__ import annotations

import heapq
import os
import stat
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from rpz.tracer.early import EarlyDigests
from rpz.tracer.interrupts import interrupts_held
from rpz.tracer.names import Names
from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, RemovalRow, RenameRow, SnapshotRow
from rpz.tracer.sha256 import BLOCK, buffer, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rpz.tracer.database import TraceDatabase

    Progress: TypeAlias = Callable[[int], None]

BATCH = 64
"""Files that a thread takes at a time: handing over one takes as long as reading a small one."""
KERNELS = (b"/dev/", b"/proc/", b"/sys/")
"""Folders whose files are no files of the machine: reading some of them never ends."""
READ, WRITE, LINK, SOCKET = map(int, (Mode.READ, Mode.WRITE, Mode.LINK, Mode.SOCKET))

Change: TypeAlias = FileRow | RenameRow | RemovalRow | SnapshotRow


@dataclass(frozen=True)
class _File:
    """A file to read: ``source`` is where its bytes are; ``digest`` theirs, if that is known."""

    name: bytes
    role: str
    source: bytes
    size: int
    modified: int
    digest: str | None = None


class _Use:
    """What a run did with files, event by event; they go by the names that they had before it."""

    def __init__(self) -> None:
        self.inputs: set[bytes] = set()
        self.changed: set[bytes] = set()
        self.kept: dict[bytes, SnapshotRow] = {}
        self._names = Names()

    def tell(self, row: Change) -> None:
        if isinstance(row, FileRow):
            self._on_file(row)
        elif isinstance(row, RemovalRow):
            self._names.make(row.name)  # what is there later
        elif isinstance(row, SnapshotRow):
            self._on_snapshot(row)
        elif row.kind == "rename":
            self._names.rename(row.old, row.new)
        elif row.kind == "exchange":
            self._names.exchange(row.old, row.new)
        else:
            self._names.link(row.old, row.new)

    def _on_file(self, row: FileRow) -> None:
        mode, name = row.mode, row.name
        if mode & SOCKET or name.startswith(KERNELS):
            return
        if not row.existed or (row.truncated and not row.is_directory):
            self._names.make(name)
        if row.is_directory:
            return
        if mode & READ and (origin := self._names.origin(name)) is not None:
            self.inputs.add(origin)
        if mode & WRITE:
            self._on_write(name, mode)

    def _on_write(self, path: bytes, mode: int) -> None:
        name = self._names.at(path)
        name.written = True
        if name.origin is not None and not mode & LINK:  # else the name only: a RenameRow follows
            self.changed.add(name.origin)

    def _on_snapshot(self, row: SnapshotRow) -> None:
        if row.kind == "content" and (origin := self._names.origin(row.name)) is not None:
            self.kept.setdefault(origin, row)

    def outputs(self) -> list[bytes]:
        """Return what the run has written, sorted."""
        written = (path for path, name in self._names.touched() if name.written)
        return sorted(path for path in written if not path.startswith(KERNELS))

    def unchanged(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the inputs that are as they were, sorted, and where they are."""
        places = self._names.places()
        for origin in sorted(self.inputs - self.changed):
            if (place := self._place(origin, places)) is not None:
                yield origin, place

    def _place(self, origin: bytes, places: dict[bytes, list[bytes]]) -> bytes | None:
        for path in _moved(origin, places):
            if self._names.origin(path) == origin:
                return path
        return None


def _moved(origin: bytes, places: dict[bytes, list[bytes]]) -> Iterator[bytes]:
    """Yield where something may be: its own place, and those of the folders that it was in."""
    yield origin
    folder = origin if places else b""
    while folder:
        yield from (place + origin[len(folder) :] for place in places.get(folder, ()))
        folder = folder.rpartition(b"/")[0]


def add_digests(
    database: TraceDatabase,
    run: int,
    snapshots: Path,
    progress: Callable[[int], Progress] | None = None,
    early: EarlyDigests | None = None,
) -> None:
    """Add the digests of a run's inputs and outputs.

    Args:
        database: the database, with the run in it.
        run: the number of the run.
        snapshots: the folder of what files were before the run changed them.
        progress: is called with the number of bytes to read; what it returns is called with those
            of each step.
        early: knows digests that were taken while the run went on.

    Raises:
        KeyboardInterrupt: somebody had no patience; nothing was added.

    """
    early = early or EarlyDigests()
    early.stop()
    files = list(_files(database, run, snapshots, early))
    digests = {file.source: file.digest for file in files if file.digest is not None}
    rest = [file for file in files if file.source not in digests]
    advance = progress(sum(file.size for file in rest)) if progress else _ignore
    digests |= _hashed(rest, advance) if rest else {}
    found = [file for file in files if file.source in digests]
    first = database.last_id(DigestRow) + 1
    database.add(
        DigestRow(n, run, f.name, f.role, f.size, f.modified, digests[f.source])
        for n, f in enumerate(found, first)
    )


def _files(
    database: TraceDatabase, run: int, snapshots: Path, early: EarlyDigests
) -> Iterator[_File]:
    use = _use(database, run)
    joined = {row.place: row for row in reversed(use.kept.values()) if row.links > 1}
    unchanged = dict(use.unchanged())
    for name in sorted(use.inputs):
        place = unchanged.get(name)
        snapshot = use.kept.get(name) or (_of_inode(place, joined) if place else None)
        if snapshot is not None:
            source = os.fsencode(snapshots / str(snapshot.number))
            yield _File(name, "input", source, snapshot.size, snapshot.modified)
        elif place is not None:
            yield from _as_it_is(name, place, "input", early)
    for name in use.outputs():
        yield from _as_it_is(name, name, "output")


def _of_inode(place: bytes, joined: dict[tuple[int, int], SnapshotRow]) -> SnapshotRow | None:
    """Return what was kept of a file that was changed by another of its names."""
    if not joined:
        return None
    try:
        found = os.lstat(place)
    except OSError:
        return None
    return joined.get((found.st_dev, found.st_ino))


MATTERS = f"(mode & {READ | WRITE} OR NOT existed OR truncated)"
"""Uses of files that say something; most in a long trace only look at a file."""


def _use(database: TraceDatabase, run: int) -> _Use:
    use = _Use()
    kinds: tuple[type[Change], ...] = (RenameRow, RemovalRow, SnapshotRow)
    tables = [database.rows(kind, "run_id = ?", run) for kind in kinds]
    tables.append(database.rows(FileRow, f"run_id = ? AND {MATTERS}", run))
    for row in heapq.merge(*tables, key=attrgetter("id")):
        use.tell(row)
    return use


def _as_it_is(
    name: bytes, place: bytes, role: str, early: EarlyDigests | None = None
) -> Iterator[_File]:
    try:
        status = os.lstat(place)
    except OSError:
        return
    if stat.S_ISREG(status.st_mode):
        digest = early.digest(status) if early is not None else None
        yield _File(name, role, place, status.st_size, status.st_mtime_ns, digest)


def _hashed(files: list[_File], advance: Progress) -> dict[bytes, str]:
    """Return the digests of the sources that can be read."""
    from concurrent.futures import ThreadPoolExecutor  # not needed where all was hashed before

    with interrupts_held() as check:

        def step(count: int) -> None:
            check()
            advance(count)

        def digests(batch: list[bytes]) -> list[str | None]:
            into = buffer()
            return [sha256(source, into, step) for source in batch]

        batches = _batches(files)
        pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="digest")
        try:
            found = list(pool.map(digests, batches))
        finally:
            pool.shutdown(cancel_futures=True)
    made = dict(zip(chain(*batches), chain(*found), strict=True))
    return {source: digest for source, digest in made.items() if digest is not None}


def _batches(files: list[_File]) -> list[list[bytes]]:
    """Share out the work, large files first and alone, so that no thread has much left alone."""
    sizes = {file.source: file.size for file in files}
    sources = sorted(sizes, key=sizes.__getitem__, reverse=True)
    large = sum(size >= BLOCK for size in sizes.values())
    small = range(large, len(sources), BATCH)
    return [*([source] for source in sources[:large]), *(sources[i : i + BATCH] for i in small)]


def _ignore(_count: int) -> None:
    pass
