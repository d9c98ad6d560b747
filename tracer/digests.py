"""The SHA-256 of what a run read and wrote, taken when it has ended."""

from __future__ import annotations

import hashlib
import heapq
import os
import posixpath
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rpz.tracer.interrupts import interrupts_held
from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, RemovalRow, RenameRow, SnapshotRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rpz.tracer.database import TraceDatabase

    Progress: TypeAlias = Callable[[int], None]

BLOCK = 1 << 18
"""Bytes that are read at a time."""
KERNELS = (b"/dev/", b"/proc/", b"/sys/")
"""Folders whose files are no files of the machine: reading some of them never ends."""
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY

Change: TypeAlias = FileRow | RenameRow | RemovalRow


@dataclass(frozen=True)
class _File:
    """A file to read: ``source`` is where its bytes are."""

    name: bytes
    role: str
    source: bytes
    size: int
    modified: int


class _Use:
    """What a run did with the names of files, event by event."""

    def __init__(self) -> None:
        self.inputs: dict[bytes, None] = {}
        self.outputs: dict[bytes, None] = {}
        self.changed: set[bytes] = set()
        self._replaced: set[bytes] = set()
        self._folders: set[bytes] = set()

    def tell(self, row: Change) -> None:
        if isinstance(row, FileRow):
            self._on_file(row)
        elif isinstance(row, RemovalRow):
            self._replaced.add(row.name)
        elif row.kind != "hardlink":
            # What is below a folder that was moved is moved with it.
            self._folders |= {row.old, row.new}
            self._replaced |= {row.old, row.new}
        else:
            self._replaced.add(row.new)

    def _on_file(self, row: FileRow) -> None:
        if row.mode & Mode.SOCKET or row.name.startswith(KERNELS):
            return
        if row.is_directory:
            if not row.existed:
                self._folders.add(row.name)
            return
        if not row.existed or row.truncated:
            self._replaced.add(row.name)
        if row.mode & Mode.READ and not self._is_new(row.name):
            self.inputs[row.name] = None
        if row.mode & Mode.WRITE:
            self.changed.add(row.name)
            self.outputs[row.name] = None

    def _is_new(self, name: bytes) -> bool:
        """Whether what has this name now had another one, or wasn't there, before the run."""
        if name in self._replaced:
            return True
        folder = posixpath.dirname(name)
        while self._folders and len(folder) > 1:
            if folder in self._folders:
                return True
            folder = posixpath.dirname(folder)
        return False

    def is_as_it_was(self, name: bytes) -> bool:
        return name not in self.changed and not self._is_new(name)


def add_digests(
    database: TraceDatabase,
    run: int,
    snapshots: Path,
    progress: Callable[[int], Progress] | None = None,
) -> None:
    """Add the digests of a run's inputs and outputs.

    Args:
        database: the database, with the run in it.
        run: the number of the run.
        snapshots: the folder of what files were before the run changed them.
        progress: is called with the number of bytes to read; what it returns is called with those
            of each step.

    Raises:
        KeyboardInterrupt: somebody had no patience; nothing was added.

    """
    files = list(_files(database, run, snapshots))
    advance = progress(sum(file.size for file in files)) if progress else _ignore
    found: list[tuple[_File, str]] = []
    with interrupts_held() as check:
        workers = len(os.sched_getaffinity(0))
        pool = ThreadPoolExecutor(workers, thread_name_prefix="digest")
        try:
            for file, digest in pool.map(lambda f: (f, _sha256(f.source, advance, check)), files):
                if digest is not None:
                    found.append((file, digest))
        finally:
            pool.shutdown(cancel_futures=True)
    first = database.last_id(DigestRow) + 1
    database.add(
        DigestRow(number, run, file.name, file.role, file.size, file.modified, digest)
        for number, (file, digest) in enumerate(found, first)
    )


def _files(database: TraceDatabase, run: int, snapshots: Path) -> Iterator[_File]:
    use = _use(database, run)
    kept: dict[bytes, SnapshotRow] = {}
    for row in database.rows(SnapshotRow, "run_id = ? AND kind = 'content'", run):
        kept.setdefault(row.name, row)
    joined = {row.place: row for row in reversed(kept.values()) if row.links > 1}
    for name in sorted(use.inputs):
        snapshot = kept.get(name) or (_of_inode(name, joined) if use.is_as_it_was(name) else None)
        if snapshot is not None:
            source = os.fsencode(snapshots / str(snapshot.number))
            yield _File(name, "input", source, snapshot.size, snapshot.modified)
        elif use.is_as_it_was(name):
            yield from _as_it_is(name, "input")
    for name in sorted(use.outputs):
        yield from _as_it_is(name, "output")


def _of_inode(name: bytes, joined: dict[tuple[int, int], SnapshotRow]) -> SnapshotRow | None:
    """Return what was kept of a file that was changed by another of its names."""
    try:
        found = os.lstat(name)
    except OSError:
        return None
    return joined.get((found.st_dev, found.st_ino))


def _use(database: TraceDatabase, run: int) -> _Use:
    use = _Use()
    kinds: tuple[type[Change], ...] = (FileRow, RenameRow, RemovalRow)
    tables = [database.rows(kind, "run_id = ?", run) for kind in kinds]
    for row in heapq.merge(*tables, key=lambda row: row.id):
        use.tell(row)
    return use


def _as_it_is(name: bytes, role: str) -> Iterator[_File]:
    try:
        status = os.lstat(name)
    except OSError:
        return
    if stat.S_ISREG(status.st_mode):
        yield _File(name, role, name, status.st_size, status.st_mtime_ns)


def _sha256(path: bytes, advance: Progress, check: Callable[[], None]) -> str | None:
    """Return a regular file's digest; None where it can't be read."""
    digest = hashlib.sha256(usedforsecurity=False)
    buffer = memoryview(bytearray(BLOCK))
    try:
        file = os.open(path, FLAGS)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        while count := os.readv(file, [buffer]):
            check()
            digest.update(buffer[:count])
            advance(count)
    except OSError:
        return None
    finally:
        os.close(file)
    return digest.hexdigest()


def _ignore(_count: int) -> None:
    pass
