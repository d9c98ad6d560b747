"""The runs of a catalogue, or of packs and traces, from Python (``docs/catalog.md``).

>>> import pandas
>>> from rpz import catalog
>>> pandas.DataFrame(catalog.runs(project="tides", where=["gain>2"]))  # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpz.provenance.catalog import adding, rows
from rpz.provenance.catalog import which as content
from rpz.provenance.catalog.database import Catalog, usual_catalog
from rpz.provenance.catalog.filters import Filters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TypeAlias

    Name: TypeAlias = str | os.PathLike[str]

__all__ = ["add", "runs", "which"]


def runs(
    catalog: Name | None = None, *, within: Sequence[Name] = (), **filters: Any
) -> list[dict[str, Any]]:
    """Return a plain row for each run, the oldest first.

    Args:
        catalog: the catalogue; without it, what ``RPZ_CATALOG`` says, or the usual one.
        within: packs, trace folders and folders of them, in the place of a catalogue.
        filters: as :class:`rpz.provenance.catalog.filters.Filters` has them.

    Raises:
        RpzError: there is no catalogue, a filter can't be understood, a place can't be read.

    """
    with _opened(catalog, within) as opened:
        return list(rows.runs(opened, Filters(**filters)))


def which(
    file: Name, catalog: Name | None = None, *, within: Sequence[Name] = ()
) -> list[dict[str, Any]]:
    """Return a row for each use of a file, or of a SHA-256: those of runs, with role and file.

    ``role`` is ``written`` or ``read``, ``file`` what it was called.

    Raises:
        RpzError: there is no such file or catalogue, a place can't be read.

    """
    with _opened(catalog, within) as opened:
        uses = content.uses(opened, content.digest_of(os.fspath(file)))
    return [{"role": use.role, "file": use.name, **use.run} for use in uses]


def add(*paths: Name, catalog: Name | None = None) -> int:
    """Add packs and trace folders to a catalogue, and return how many runs were new.

    Raises:
        RpzError: the catalogue can't be written; a place can't be read: the others are added.

    """
    with Catalog.create(Path(catalog or usual_catalog())) as opened:
        return _added(opened, paths)


@contextlib.contextmanager
def _opened(catalog: Name | None, within: Sequence[Name]) -> Iterator[Catalog]:
    if not within:
        with Catalog.open(Path(catalog or usual_catalog())) as opened:
            yield opened
        return
    with Catalog.temporary() as opened:
        _added(opened, within)
        yield opened


def _added(catalog: Catalog, paths: Sequence[Name]) -> int:
    done = list(adding.add(catalog, map(Path, paths)))
    for added in done:
        if added.trouble is not None:
            raise added.trouble
    return sum(added.new for added in done)
