"""The trace folder: the trace database and the record streams it was made from, and the rest.

The rest is the configuration, and what files were before the runs changed them.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.tracer.database import TraceDatabase, replacement
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class TraceFolder:
    """The places in a trace folder."""

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
    def records(self) -> Path:
        """The folder of the record streams."""
        return self.path / "records"

    def stream(self, run: int) -> Path:
        """Return the record stream of a run whose trace is in the database."""
        return self.records / f"{run}.records"

    def unfinished_stream(self, run: int) -> Path:
        """Return the record stream of a run that is going on, or that was cut short."""
        return self.records / f"{run}.unfinished"

    @property
    def all_snapshots(self) -> Path:
        """The folder of the runs' folders of snapshots."""
        return self.path / "snapshots"

    def snapshots(self, run: int) -> Path:
        """Return the folder of what files were before a run changed them; there may be none."""
        return self.all_snapshots / str(run)

    def unfinished_snapshots(self, run: int) -> Path:
        """Return that folder of a run that is going on, or that was cut short."""
        return self.all_snapshots / f"{run}.unfinished"

    @property
    def _left_by_interruption(self) -> set[Path]:
        return {self.records, self.all_snapshots, replacement(self.database)}

    @property
    def exists(self) -> bool:
        """Whether there is a trace."""
        return self.database.exists()

    def prepare(self, existing: Existing) -> int:
        """Make the folder and return the number of the next run.

        Raises:
            TraceExistsError: there is a trace already and ``existing`` is ``REFUSE``.
            RpzError: the folder holds something else.

        """
        run = 0
        if self.exists:
            if existing is Existing.REFUSE:
                raise TraceExistsError(self)
            if existing is Existing.CONTINUE:
                run = self._next_run()
        elif self.path.is_dir() and set(self.path.iterdir()) - self._left_by_interruption:
            raise RpzError(
                f"{self.path} exists and is not a trace folder", "Choose another folder with --dir"
            )
        self.records.mkdir(parents=True, exist_ok=True)
        self.unfinished_stream(run).unlink(missing_ok=True)
        self._remove_unfinished_snapshots(run)
        self.unfinished_snapshots(run).mkdir(parents=True)
        return run

    def _next_run(self) -> int:
        with TraceDatabase.open(self.database) as database:
            return database.last_id(RunRow) + 1

    def finish(self, run: int) -> None:
        """Give what a run has left its final names; a run 0 leaves no other run's behind."""
        self.unfinished_stream(run).replace(self.stream(run))
        if run == 0:
            for stream in self.records.glob("*.records"):
                if stream != self.stream(run):
                    stream.unlink()
        self._finish_snapshots(run)

    def _finish_snapshots(self, run: int) -> None:
        unfinished = self.unfinished_snapshots(run)
        for other in self.all_snapshots.iterdir() if run == 0 else [self.snapshots(run)]:
            if other != unfinished:
                shutil.rmtree(other, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):  # the run itself may have removed it
            unfinished.replace(self.snapshots(run))
        self._remove_if_empty(self.snapshots(run), self.all_snapshots)

    def _remove_unfinished_snapshots(self, run: int) -> None:
        if self.unfinished_snapshots(run).exists():
            shutil.rmtree(self.unfinished_snapshots(run))

    def _remove_if_empty(self, *folders: Path) -> None:
        for folder in folders:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def abandon(self, run: int) -> None:
        """Remove what a run that never started has left; a folder without a trace goes whole."""
        self.unfinished_stream(run).unlink(missing_ok=True)
        self._remove_unfinished_snapshots(run)
        self._remove_if_empty(self.all_snapshots)
        if not self.exists and not list(self.records.iterdir()):
            shutil.rmtree(self.records)
            if not list(self.path.iterdir()):
                self.path.rmdir()
