"""The trace folder: the trace database, the record streams it was made from, the configuration.

What reads them is imported when it is needed: ``rpz trace`` starts its command before.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.tracer.lock import LockedError, is_locked, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Existing(Enum):
    """What to do with a trace that is there already."""

    REFUSE = "refuse"
    CONTINUE = "continue"
    OVERWRITE = "overwrite"


class TraceExistsError(RpzError):
    """There is a trace already, and nobody said what to do with it."""

    def __init__(self, folder: TraceFolder) -> None:
        """Name both ways out."""
        super().__init__(
            f"{folder.path} holds a trace already",
            "Add this run to it with --continue, or replace it with --overwrite",
        )


class UnfinishedError(RpzError):
    """A run was cut short, and its record would be lost."""

    def __init__(self, folder: TraceFolder) -> None:
        """Name both ways out."""
        super().__init__(
            f"{folder.path} holds the record of a run that was cut short",
            f"Make its trace with {recovery_command(folder)}, or throw it away with --overwrite",
        )


def recovery_command(folder: TraceFolder) -> str:
    """Return the command that makes the trace of what a run has left."""
    return f"rpz recover -d {shlex.quote(str(folder.path))}"


@dataclass(frozen=True)
class TraceFolder:
    """The places in a trace folder (``docs/trace-folder.md``).

    While a run goes on, its files have a number that is nobody else's; it may get another one in
    the end, since ``--overwrite`` leaves what was there in place until then.
    """

    path: Path

    @property
    def database(self) -> Path:
        """The trace database."""
        return self.path / "trace.sqlite3"

    @property
    def config(self) -> Path:
        """What to pack, for a person to edit."""
        return self.path / "config.yml"

    @property
    def publication(self) -> Path:
        """What is told of the runs when they are published (``docs/publishing.md``)."""
        return self.path / "publication.json"

    @property
    def records(self) -> Path:
        """The folder of the record streams."""
        return self.path / "records"

    @property
    def lock(self) -> Path:
        """The file that is there while rpz changes the folder."""
        return self.path / "lock"

    def stream(self, run: int) -> Path:
        """Return the record stream of a run whose trace is in the database."""
        return self.records / f"{run}.records"

    def unfinished_stream(self, number: int) -> Path:
        """Return the record stream of a run that is going on, or that was cut short."""
        return self.records / f"{number}.unfinished"

    @property
    def all_snapshots(self) -> Path:
        """The folder of the runs' folders of snapshots."""
        return self.path / "snapshots"

    def snapshots(self, run: int) -> Path:
        """Return the folder of what files were before a run changed them; there may be none."""
        return self.all_snapshots / str(run)

    def output(self, run: int, stream: str) -> Path:
        """Return what a run wrote to its standard output or error: ``stdout``, ``stderr``."""
        return self.path / "output" / f"{run}.{stream}"

    def facts(self, run: int) -> Path:
        """Return what was known of a run before it."""
        return self.path / "facts" / f"{run}.json"

    @property
    def _parts(self) -> tuple[Path, ...]:
        """Return the folders whose entries belong to a run by their number."""
        return self.records, self.all_snapshots, self.path / "output", self.path / "facts"

    @property
    def _left_by_interruption(self) -> set[Path]:
        from rpz.tracer.database import replacement

        return {*self._parts, self.lock, replacement(self.database)}

    @property
    def exists(self) -> bool:
        """Whether there is a trace."""
        return self.database.exists()

    @property
    def unfinished(self) -> list[int]:
        """The numbers of the runs that go on or were cut short, in their order."""
        return sorted(int(path.stem) for path in self.records.glob("*.unfinished"))

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Make the folder, and keep other processes from changing it; it goes if it stays empty.

        Raises:
            LockedError: another rpz is at work in it.
            RpzError: it is not a trace folder.

        """
        self._refuse_others()
        self.path.mkdir(parents=True, exist_ok=True)
        error = LockedError(
            f"Another rpz is at work in {self.path}",
            "Wait for its end, or choose another folder with --dir",
        )
        try:
            with locked(self.lock, error):
                yield
        finally:
            with contextlib.suppress(OSError):  # not empty, as it should be
                self.path.rmdir()

    def _refuse_others(self) -> None:
        if self.exists or not self.path.is_dir():
            return
        if set(self.path.iterdir()) - self._left_by_interruption:
            raise RpzError(
                f"{self.path} exists and is not a trace folder", "Choose another folder with --dir"
            )

    def prepare(self, existing: Existing) -> int:
        """Make room for a run and return the number that it has while it goes on.

        Raises:
            TraceExistsError: there is a trace already and ``existing`` is ``REFUSE``.
            UnfinishedError: there is the record of a run that was cut short.
            RpzError: the folder holds something else.

        """
        self._refuse_others()
        self.records.mkdir(parents=True, exist_ok=True)
        for number in self.unfinished:
            self._discard_if_empty(number, existing)
        if self.exists and existing is Existing.REFUSE:
            raise TraceExistsError(self)
        number = self._free_number(existing)
        self._remove(number)
        self.snapshots(number).mkdir(parents=True)
        return number

    def _free_number(self, existing: Existing) -> int:
        if self.exists and existing is Existing.CONTINUE:
            return self.next_run()
        return max((number_of(path) for path in self.records.iterdir()), default=-1) + 1

    def _discard_if_empty(self, number: int, existing: Existing) -> None:
        stream = self.unfinished_stream(number)
        if is_locked(stream):
            raise StillRunningError(self)
        if not executes(stream):
            self._remove(number)
        elif existing is not Existing.OVERWRITE:
            raise UnfinishedError(self)

    def next_run(self) -> int:
        """Return the number of the run that is added next."""
        from rpz.tracer.database import TraceDatabase
        from rpz.tracer.rows import RunRow

        if not self.exists:
            return 0
        with TraceDatabase.open(self.database) as database:
            return database.last_id(RunRow) + 1

    def finish(self, number: int, run: int, *, replacing: bool) -> None:
        """Give the files of a run their final names; with ``replacing``, the others' go."""
        if replacing:
            for part in self._parts:
                for path in _entries(part):
                    if number_of(path) != number:
                        remove_whole(path)
        if number != run:
            for part in self._parts[1:]:
                for path in _entries(part):
                    if number_of(path) == number:
                        final = path.with_name(f"{run}{path.suffix}")
                        remove_whole(final)  # of a trace that was being replaced
                        path.replace(final)
        self.keep_config()
        stream = self.unfinished_stream(number)
        reach_disk(stream)
        stream.replace(self.stream(run))  # last: until then rpz recover would do all this again
        self._remove_if_empty(self.snapshots(run), self.all_snapshots)

    def keep_config(self) -> None:
        """Give a ``config.yml`` that isn't of this trace any more the name of a kept one."""
        with contextlib.suppress(FileNotFoundError):
            self.config.replace(self.next_kept())

    def next_kept(self) -> Path:
        """Return the name for another ``config.yml`` to keep: none that is taken."""
        old = self.config.with_name(f"{self.config.name}.old")
        taken = {path.name for path in self.path.glob(f"{old.name}*")}
        numbered = (f"{old.name}.{number}" for number in range(2, len(taken) + 3))
        return old.with_name(next(n for n in (old.name, *numbered) if n not in taken))

    def files(self) -> Iterator[Path]:
        """Yield the files and folders that belong to runs."""
        return (path for part in self._parts for path in _entries(part))

    def files_of(self, run: int) -> list[Path]:
        """Return what there is of one run: record stream, folder of snapshots, output."""
        return [path for path in self.files() if number_of(path) == run]

    def remove_if_empty(self) -> None:
        """Remove the folders that nothing is in."""
        self._remove_if_empty(*self._parts, self.path)

    def abandon(self, number: int) -> None:
        """Remove what a run that never started has left; a folder without a trace goes whole."""
        self._remove(number)
        self.remove_if_empty()

    def _remove_if_empty(self, *folders: Path) -> None:
        for folder in folders:
            with contextlib.suppress(OSError):  # not empty, or never made
                folder.rmdir()

    def _remove(self, number: int) -> None:
        self.unfinished_stream(number).unlink(missing_ok=True)
        for part in self._parts[1:]:
            for path in _entries(part):
                if number_of(path) == number:
                    remove_whole(path)


class StillRunningError(LockedError):
    """The tracer of a run goes on, though the rpz that started it is gone."""

    def __init__(self, folder: TraceFolder) -> None:
        """Say what to wait for."""
        super().__init__(
            f"A run is still being traced into {folder.path}",
            "Wait for its end, or choose another folder with --dir",
        )


def executes(stream: Path) -> bool:
    """Whether a program was started in a record stream, or what is there can't be read."""
    from rpz.tracer.records import Exec
    from rpz.tracer.stream import RecordStreamError, read_records

    try:
        return any(isinstance(record, Exec) for record in read_records(stream))
    except RecordStreamError:
        return True


def number_of(path: Path) -> int:
    """Return the run that a file belongs to: -1 when it is nobody's."""
    stem = path.name.partition(".")[0]
    return int(stem) if stem.isdecimal() and stem.isascii() else -1


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def reach_disk(path: Path) -> None:
    """Wait until what was written to a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def remove_whole(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        import shutil  # rarely wanted, and not before a run

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
