"""Put the runs of packs and trace folders in a catalogue."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.provenance.catalog.description import described
from rpz.provenance.catalog.places import left_behind
from rpz.provenance.catalog.search import sources
from rpz.provenance.notes import TOPIC as NOTE
from rpz.provenance.source import SourceError, opened
from rpz.tracer.database import TraceDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.provenance.catalog.database import Catalog
    from rpz.provenance.catalog.description import Description
    from rpz.provenance.source import Source

TROUBLE = (SourceError, PackError, TraceDatabaseError, OSError)
"""What is wrong with one pack or trace doesn't keep the others away."""
TEXT = "CAST(? AS TEXT)"
BATCH = 10_000
"""Files of a run that are handed over at a time."""


@dataclass(frozen=True)
class Added:
    """What became of a pack or trace folder: the runs that were new, and that were known.

    ``moved`` are the places where some of them were, and nothing is any more. ``unhashed`` runs
    have no digests, so that no file is found by them. ``trouble`` is why nothing of it was added.
    """

    path: Path
    new: int = 0
    known: int = 0
    unhashed: int = 0
    moved: tuple[Path, ...] = ()
    trouble: Exception | None = None


def add(catalog: Catalog, paths: Iterable[Path]) -> Iterator[Added]:
    """Add packs and trace folders, and those below other folders; yield what became of each.

    What is known already is added again without harm: the comments and places that came since.

    Raises:
        CatalogError: the catalogue can't be written.

    """
    for path in paths:
        yield from _all_added(catalog, path)


def _all_added(catalog: Catalog, path: Path) -> Iterator[Added]:
    refused: list[OSError] = []
    try:
        for source in sources(path, refused.append):
            yield _added(catalog, source)
    except TROUBLE as error:
        yield Added(path, trouble=error)
    for problem in refused:
        yield Added(Path(problem.filename or path), trouble=problem)


def _added(catalog: Catalog, path: Path) -> Added:
    try:
        with opened(os.fspath(path)) as source:
            runs = described(source)
            with catalog.writing():
                return _written(catalog, source, runs)
    except TROUBLE as error:
        return Added(path, trouble=error)


def _written(catalog: Catalog, source: Source, runs: list[Description]) -> Added:
    before = _count(catalog)
    numbers = {run.run.id: _run(catalog, run) for run in runs}
    new = _count(catalog) - before
    kind = "trace" if source.pack is None else "pack"
    _place(catalog, source, kind, numbers)
    unhashed = sum(not _has_files(catalog, number) for number in numbers.values())
    moved = left_behind(catalog, numbers.values(), kind)
    return Added(source.path, new, len(runs) - new, unhashed, moved)


def _place(catalog: Catalog, source: Source, kind: str, numbers: dict[int, int]) -> None:
    """Write where runs are: nothing else is there any more."""
    place = source.path.resolve()
    where = os.fsencode(os.uname().nodename), os.fsencode(place)
    status = (source.trace if source.pack is None else place).stat()
    facts = status.st_size, status.st_mtime_ns, time.time_ns()
    catalog.select(f"DELETE FROM places WHERE hostname = {TEXT} AND path = {TEXT}", *where)  # noqa: S608
    catalog.each(
        f"INSERT INTO places VALUES (?, {TEXT}, {TEXT}, ?, ?, {TEXT}, ?, ?, ?)",  # noqa: S608
        (
            (numbers[run.id], *where, kind, run.id, os.fsencode(run.label), *facts)
            for run in source.runs
        ),
    )


def _count(catalog: Catalog) -> int:
    return int(catalog.select("SELECT count(*) FROM runs")[0][0])


def _has_files(catalog: Catalog, number: int) -> bool:
    return bool(catalog.select("SELECT 1 FROM uses WHERE run_id = ? LIMIT 1", number))


def _run(catalog: Catalog, run: Description) -> int:
    """Write a run and return its number; of one that is known, only what people add later.

    Raises:
        SourceError: another run has the same id.

    """
    known = catalog.select("SELECT id, started, exitcode FROM runs WHERE uuid = ?", run.uuid)
    if known and known[0][1:] != (run.run.started, run.run.exitcode):
        raise SourceError(
            f"A run here has the id of another, {run.uuid}", "Find out which of the two is wrong"
        )
    number = known[0][0] if known else _new(catalog, run)
    catalog.each(
        "INSERT OR IGNORE INTO facts (run_id, topic, name, value, source)"
        " VALUES (?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))",
        ((number, *fact) for fact in run.facts() if not known or fact.topic == NOTE),
    )
    return int(number)


def _new(catalog: Catalog, run: Description) -> int:
    marks = ", ".join("CAST(? AS TEXT)" if isinstance(v, bytes) else "?" for v in run.row)
    catalog.select(f"INSERT INTO runs VALUES (NULL, ?, {marks})", run.uuid, *run.row)  # noqa: S608
    ((number,),) = catalog.select("SELECT last_insert_rowid()")
    catalog.each(
        "INSERT INTO programs VALUES (?, CAST(? AS TEXT))",
        ((number, name) for name in run.programs()),
    )
    files = run.files()
    while batch := list(islice(files, BATCH)):
        _files(catalog, number, batch)
    return int(number)


def _files(catalog: Catalog, number: int, files: list[tuple[bytes, str, str, int]]) -> None:
    catalog.each(
        "INSERT OR IGNORE INTO contents (sha256, size) VALUES (?, ?)",
        ((sha256, size) for _, _, sha256, size in files),
    )
    catalog.each(
        "INSERT OR IGNORE INTO names (name) VALUES (CAST(? AS TEXT))", ((f[0],) for f in files)
    )
    catalog.each(
        "INSERT OR IGNORE INTO uses SELECT contents.id, ?, ?, names.id FROM contents, names"
        " WHERE sha256 = ? AND name = CAST(? AS TEXT)",
        ((number, role, sha256, name) for name, role, sha256, _ in files),
    )
