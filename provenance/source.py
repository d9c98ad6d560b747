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
from rpz.provenance.packed import NOTHING, packed
from rpz.provenance.reprozip import ENGINE, is_theirs, taken_over
from rpz.tracer.database import TraceDatabase, TraceDatabaseError
from rpz.tracer.facts import facts_of
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.config.model import Config
    from rpz.provenance.installed import Installed
    from rpz.provenance.packed import Packed

TRACE = "trace.sqlite3"


class SourceError(RpzError):
    """What was named describes no run."""


@dataclass(frozen=True)
class Source:
    """An open description of runs; ``runs`` are those that are meant, in their order.

    ``trace`` is the file of the trace, ``packed`` what the data of a pack of ReproZip's tell, if
    they were asked.
    """

    path: Path
    trace: Path
    database: TraceDatabase
    runs: tuple[RunRow, ...]
    pack: Pack | None
    packed: Packed = NOTHING

    @property
    def run(self) -> RunRow:
        """The run that is meant; the last, if several are."""
        return self.runs[-1]

    @property
    def last(self) -> int:
        """When the last run ended, as far as is known, in nanoseconds since 1970.

        Of ReproZip's, which doesn't tell, it is when the file was changed last.
        """
        return self.run.ended or self.run.started or self.path.stat().st_mtime_ns

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
        if config is None:
            return []
        return configured(self.database, self.run.id, config, self.packed.real)

    @property
    def gaps(self) -> list[str]:
        """What nobody recorded of the run, in sentences without their full stops."""
        return list(_gaps(self))


@contextlib.contextmanager
def opened(name: str, *, contents: bool = False) -> Iterator[Source]:
    """Open a trace folder or a pack; ``NAME:RUN`` means one run of it, by its name or number.

    It may be of ReproZip's. With ``contents``, the data of such a pack are gone through, which
    takes its time, for what its trace doesn't tell: what files held, and their real paths.

    Raises:
        SourceError: there is no such file, folder or run.
        RpzError: it can't be read.

    """
    path, run = _parts(name)
    with termination_as_interrupt(), contextlib.ExitStack() as stack:
        pack = None if path.is_dir() else stack.enter_context(Pack.open(path))
        trace = _trace(path, pack, stack)
        data = NOTHING
        if is_theirs(trace):
            if contents and pack is not None:
                data = packed(pack)
            database = stack.enter_context(taken_over(trace, _config(path, pack), data))
        else:
            database = stack.enter_context(_database(path, pack, trace))
        rows = list(database.rows(RunRow))
        if not rows:
            raise SourceError(f"{path} has no runs", "Trace one: rpz trace")
        yield Source(path, trace, database, _chosen(path, rows, run), pack, data)


def _config(path: Path, pack: Pack | None) -> Config:
    return pack.config if pack is not None else read_config(TraceFolder(path).config)


def _parts(name: str) -> tuple[Path, str]:
    """Return the path, and the run behind it; a path with a colon in it needs none behind."""
    if Path(name).exists():
        return Path(name), ""
    path, colon, run = name.rpartition(":")
    if colon and path and Path(path).exists():
        return Path(path), run
    raise SourceError(f"{name} doesn't exist", "Name a trace folder or a pack")


def _trace(path: Path, pack: Pack | None, stack: contextlib.ExitStack) -> Path:
    """Return the file of the trace, a copy if it is in a pack."""
    if pack is None:
        return TraceFolder(path).database
    if not {f"METADATA/{TRACE}", f"METADATA/{TRACE}.gz"} & set(pack.members()):
        raise SourceError(f"{path} has no trace", "rpz info shows what the pack tells")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rpz-")))
    with pack.metadata(TRACE) as member, (folder / TRACE).open("wb") as copy:
        shutil.copyfileobj(member, copy)
    return folder / TRACE


def _database(path: Path, pack: Pack | None, trace: Path) -> TraceDatabase:
    try:
        return TraceDatabase.open(trace)
    except TraceDatabaseError as error:
        if pack is None:
            raise
        text = error.message.replace(str(trace), f"the trace in {path}")  # not of the copy
        raise SourceError(text, error.remedy) from None


def _gaps(source: Source) -> Iterator[str]:
    run, path = source.run, source.path
    if run.engine == ENGINE:
        yield (
            f"{path} is of ReproZip's: it doesn't tell when and how long the run took, by whom and "
            "of which code it was, what it left, nor all of its host and packages"
        )
        if source.packed is not NOTHING:
            yield f"What the inputs in {path} held is as they were packed, after the run"
    elif not facts_of(source.database, run.id):
        yield (
            f"{path} is of an earlier rpz: it doesn't tell by whom and of which code {run.label} "
            "was, nor the parameters and sources of chance"
        )


def _chosen(path: Path, rows: Sequence[RunRow], run: str) -> tuple[RunRow, ...]:
    if not run:
        return tuple(rows)
    for row in rows:
        if run in (row.label, str(row.id)):
            return (row,)
    known = ", ".join(f"{row.id} ({row.label})" for row in rows)
    raise SourceError(f"{path} has no run {run}", f"The runs are: {known}")
