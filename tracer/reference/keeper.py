"""Keep what files were before the run changes them: copies, made while the program is stopped."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from rpz.tracer.records import SnapshotKind
from rpz.tracer.reference import deep
from rpz.tracer.reference.events import Part
from rpz.tracer.reference.resolve import Place

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.tracer.reference.events import Change
    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.task import Task

THE_KERNELS = (b"/dev/", b"/proc/", b"/sys/")
TOO_LARGE = "it is larger than --snapshot-limit"


class Keeper:
    """What is kept of which files; without a folder nothing is."""

    def __init__(self, recorder: Recorder, folder: Path | None, limit: int) -> None:
        """Start with nothing kept."""
        self._recorder = recorder
        self._folder = folder.resolve() if folder else None
        self._limit = limit
        self._count = 0
        self._settled: set[tuple[int, int]] = set()
        self._described: set[tuple[int, int]] = set()
        self._linked: dict[tuple[int, int], tuple[Place, int, SnapshotKind]] = {}

    def before(self, task: Task, change: Change) -> None:
        """Keep what the file is that a call may change: the call is being entered."""
        status = change.place.status
        if self._folder is None or status is None or not self._is_input(change.place.path, status):
            return
        inode = (status.st_dev, status.st_ino)
        if change.of is Part.STATUS:
            if inode not in self._described | self._settled:
                self._described.add(inode)
                self._record(task, change, SnapshotKind.STATUS)
        elif inode not in self._settled:
            self._settled.add(inode)
            self._keep(task, change, self._folder, status)
        elif change.of is Part.NAME and inode in self._linked:
            self._record_other_name(task, change.place.path, *self._linked[inode])

    def after(self, change: Change) -> None:
        """Remember that the file is the run's own, or kept: the call has succeeded."""
        try:
            status = deep.lstat(change.place.path)
        except OSError:
            return
        if stat.S_ISREG(status.st_mode) and change.of is Part.CONTENT:
            self._settled.add((status.st_dev, status.st_ino))

    def _is_input(self, path: bytes, status: os.stat_result) -> bool:
        own = os.fsencode(self._folder or "") + b"/"
        return stat.S_ISREG(status.st_mode) and not path.startswith((*THE_KERNELS, own))

    def _keep(self, task: Task, change: Change, folder: Path, status: os.stat_result) -> None:
        if status.st_size > self._limit:
            self._record(task, change, SnapshotKind.TOO_LARGE, why=TOO_LARGE)
            return
        copy = folder / str(self._count + 1)
        try:
            _copy(change.place.path, copy)
        except OSError as error:
            copy.unlink(missing_ok=True)
            self._record(task, change, SnapshotKind.FAILED, why=str(error.strerror))
        else:
            self._count += 1
            self._record(task, change, SnapshotKind.CONTENT, number=self._count)

    def _record(
        self, task: Task, change: Change, kind: SnapshotKind, *, number: int = 0, why: str = ""
    ) -> None:
        self._recorder.snapshot(task.number, change.place, number, kind)
        status = change.place.status
        if status and status.st_nlink > 1 and change.of is not Part.STATUS:
            self._linked[status.st_dev, status.st_ino] = (change.place, number, kind)
        if why:
            name = os.fsdecode(change.place.path)
            self._recorder.warning(
                task.number,
                f"{name} was changed by the run, and what it was before is not kept: {why}",
            )

    def _record_other_name(
        self, task: Task, path: bytes, kept: Place, number: int, kind: SnapshotKind
    ) -> None:
        """Tell that a copy is also of this name, which the file is about to lose."""
        if path != kept.path:
            self._recorder.snapshot(task.number, Place(path, kept.status), number, kind)


def _copy(source: bytes, target: Path) -> None:
    number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(number, "wb") as copy, deep.open_file(source) as file:
        shutil.copyfileobj(file, copy)
