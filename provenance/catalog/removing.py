"""Take runs and places out of a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.catalog.filters import Filters, and_all
from rpz.provenance.catalog.places import Condition, forget, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.provenance.catalog.database import Catalog
    from rpz.provenance.catalog.places import Place

TABLES = ("places", "facts", "programs", "uses")
"""Tables of which rows belong to runs."""


def remove_runs(catalog: Catalog, ids: Sequence[str]) -> int:
    """Take runs out, by how their ids begin; return how many there were.

    Raises:
        FilterError: something is no id.
        CatalogError: the catalogue can't be written.

    """
    where, values = and_all(Filters(ids=ids).conditions())
    with catalog.writing():
        numbers = [n for (n,) in catalog.select(f"SELECT id FROM runs WHERE {where}", *values)]  # noqa: S608
        _remove(catalog, numbers)
    return len(numbers)


def remove_places(catalog: Catalog, some: Sequence[Place]) -> int:
    """Take places out, and the runs that are nowhere else; return how many runs that were."""
    with catalog.writing():
        forget(catalog, some)
        known = {place.run for place in places(catalog)}
        numbers = sorted({place.run for place in some} - known)
        _remove(catalog, numbers)
    return len(numbers)


def gone(catalog: Catalog) -> list[Place]:
    """Return the places of this machine at which nothing is any more."""
    return [place for place in places(catalog) if place.condition is Condition.GONE]


def _remove(catalog: Catalog, numbers: Sequence[int]) -> None:
    if not numbers:
        return
    for table in TABLES:
        catalog.each(f"DELETE FROM {table} WHERE run_id = ?", ((n,) for n in numbers))  # noqa: S608
    catalog.each("DELETE FROM runs WHERE id = ?", ((n,) for n in numbers))
    for table, column in (("contents", "content_id"), ("names", "name_id")):
        catalog.select(f"DELETE FROM {table} WHERE id NOT IN (SELECT {column} FROM uses)")  # noqa: S608
