"""Where a run is described: a trace folder or a pack, and which of its runs is meant."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.packer.archive.reader import Pack
from rpz.packer.config.faults import ConfigError
from rpz.packer.config.reader import read_config
from rpz.process import termination_as_interrupt
from rpz.provenance.installed import configured, recorded
from rpz.tracer.database import TraceDatabase, TraceDatabaseError
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.config.model import Config
    from rpz.provenance.installed import Installed

TRACE = "trace.sqlite3"


class SourceError(RpzError):
    """What was named describes no run."""


@dataclass(frozen=True)
class Source:
    """An open description of runs; ``runs`` are those that are meant, in their order."""

    path: Path
    database: TraceDatabase
    runs: tuple[RunRow, ...]
    pack: Pack | None

    @property
    def run(self) -> RunRow:
        """The run that is meant; the last, if several are."""
        return self.runs[-1]

    @property
    def config(self) -> Config | None:
        """The configuration that lies beside the trace; None if there is none that can be read."""
        if self.pack is not None:
            return self.pack.config
        try:
            return read_config(TraceFolder(self.path).config)
        except ConfigError:
            return None

    @property
    def packages(self) -> list[Installed]:
        """The packages that the run has read files of: as its trace says, else its configuration.

        That takes long to read.
        """
        if found := recorded(self.database, self.run.id):
            return found
        config = self.config
        return configured(self.database, self.run.id, config) if config is not None else []


@contextlib.contextmanager
def opened(name: str) -> Iterator[Source]:
    """Open a trace folder or a pack; ``NAME:RUN`` means one run of it, by its name or number.

    Raises:
        SourceError: there is no such file, folder or run; it is a pack of ReproZip's.
        RpzError: it can't be read.

    """
    path, run = _parts(name)
    with termination_as_interrupt(), contextlib.ExitStack() as stack:
        pack = None if path.is_dir() else stack.enter_context(Pack.open(path))
        database = stack.enter_context(_database(path, pack, stack))
        rows = list(database.rows(RunRow))
        if not rows:
            raise SourceError(f"{path} has no runs", "Trace one: rpz trace")
        yield Source(path, database, _chosen(path, rows, run), pack)


def _parts(name: str) -> tuple[Path, str]:
    """Return the path, and the run behind it; a path with a colon in it needs none behind."""
    if Path(name).exists():
        return Path(name), ""
    path, colon, run = name.rpartition(":")
    if colon and path and Path(path).exists():
        return Path(path), run
    raise SourceError(f"{name} doesn't exist", "Name a trace folder or a pack")


def _database(path: Path, pack: Pack | None, stack: contextlib.ExitStack) -> TraceDatabase:
    if pack is None:
        return TraceDatabase.open(TraceFolder(path).database)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rpz-")))
    with pack.metadata(TRACE) as packed, (folder / TRACE).open("wb") as copy:
        shutil.copyfileobj(packed, copy)
    try:
        return TraceDatabase.open(folder / TRACE)
    except TraceDatabaseError:
        raise SourceError(
            f"{path} has no trace of rpz's", "rpz info shows what a pack of ReproZip's tells"
        ) from None


def _chosen(path: Path, rows: Sequence[RunRow], run: str) -> tuple[RunRow, ...]:
    if not run:
        return tuple(rows)
    for row in rows:
        if run in (row.label, str(row.id)):
            return (row,)
    known = ", ".join(f"{row.id} ({row.label})" for row in rows)
    raise SourceError(f"{path} has no run {run}", f"The runs are: {known}")
