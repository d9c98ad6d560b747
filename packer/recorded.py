"""What a pack's trace has recorded of the runs' outputs, and of all names that they wrote to."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.outputs import Output, digest_of
from rpz.tracer.database import TraceDatabase, TraceDatabaseError
from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, RenameRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Config, InputOutput

BLOCK = 1 << 20


class Recorded:
    """The trace of a pack; no ``database``: it isn't one of rpz's (ReproZip's has no digests)."""

    def __init__(self, database: TraceDatabase | None, originals: Path | None = None) -> None:
        """Look for the outputs' content in ``originals``, and where they were written."""
        self._database = database
        self._originals = originals

    @property
    def is_known(self) -> bool:
        """Whether anything can be compared."""
        return self._database is not None

    def outputs(self, config: Config, run: int) -> tuple[Output, ...]:
        """Return what a run has written, of what ``config.yml`` calls an output."""
        digests = self._digests(run)
        return tuple(
            self._output(file, digests.get(bytes(file.path)))
            for file in config.inputs_outputs
            if run in file.written_by_runs
        )

    def _digests(self, run: int) -> Mapping[bytes, DigestRow]:
        if self._database is None:
            return {}
        rows = self._database.rows(DigestRow, "run_id = ? AND role = 'output'", run)
        return {row.name: row for row in rows}

    def _output(self, file: InputOutput, digest: DigestRow | None) -> Output:
        if digest is None:
            return Output(file.name, file.path, None, None, None)
        known = (digest.size, digest.sha256)
        places = (place for place in self._places(file) if digest_of(place) == known)
        return Output(file.name, file.path, *known, next(places, None))

    def _places(self, file: InputOutput) -> Iterator[bytes]:
        if self._originals is not None:
            name = os.fsencode(file.name)
            for relative in dict.fromkeys([name, os.path.basename(name)]):
                yield os.path.join(os.fsencode(self._originals), relative)
        yield bytes(file.path)

    def not_written(self, paths: Iterable[bytes]) -> list[bytes]:
        """Return those of some paths that no run has written to, nor made by moving, in order."""
        left = set(paths)
        if self._database is None:
            return []
        for row in self._database.rows(FileRow, "mode & ?", int(Mode.WRITE)):
            left.discard(row.name)
        moved = {row.new for row in self._database.rows(RenameRow)}
        return sorted(path for path in left if moved.isdisjoint(_with_parents(path)))


def _with_parents(path: bytes) -> Iterator[bytes]:
    while len(path) > 1:
        yield path
        path = os.path.dirname(path)


@contextlib.contextmanager
def recorded(pack: Pack, scratch: Path, originals: Path | None = None) -> Iterator[Recorded]:
    """Open the trace that is in a pack; ``scratch`` is a folder for it.

    Raises:
        PackError: the pack is damaged.

    """
    copy = scratch / "trace.sqlite3"
    with contextlib.ExitStack() as stack:
        database = None
        with contextlib.suppress(TraceDatabaseError, _NoTraceError):
            _copy(pack, copy)
            database = stack.enter_context(TraceDatabase.open(copy))
        yield Recorded(database, originals)


class _NoTraceError(PackError):
    """A pack has no trace."""


def _copy(pack: Pack, place: Path) -> None:
    if not {"METADATA/trace.sqlite3", "METADATA/trace.sqlite3.gz"} & set(pack.members()):
        raise _NoTraceError("The pack has no trace")
    with pack.metadata("trace.sqlite3") as member, place.open("wb") as file:
        shutil.copyfileobj(member, file, BLOCK)
