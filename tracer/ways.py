"""In which ways the calls of a run were seen (``docs/accelerator.md``), as columns of ``runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.tracer.fields import held

if TYPE_CHECKING:
    from rpz.tracer.records import Ways
    from rpz.tracer.rows import RunRow


def with_ways(row: RunRow, ways: Ways | None) -> RunRow:
    """Return a run with how its calls were seen, where that is known."""
    if ways is None:
        return row
    return row._replace(
        calls_stopped=ways.stops,
        calls_noticed=ways.notices,
        calls_logged=ways.logged,
        calls_repeated=ways.repeated,
        processes_accelerated=ways.accelerated,
        looks_compared=ways.compared,
        looks_different=ways.different,
    )


def checked(ways: Ways) -> Ways:
    """Return what an engine has counted.

    Raises:
        ValueError: it is so much that SQLite can't hold it.

    """
    for count in ways[1:]:
        held(count)
    return ways
