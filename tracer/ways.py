"""In which ways the calls of a run were seen (``docs/accelerator.md``), as columns of ``runs``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.tracer.fields import held
from rpz.tracer.records import Warn, u32

if TYPE_CHECKING:
    from rpz.tracer.records import Ways
    from rpz.tracer.rows import RunRow

DIFFERENT = (
    b"The accelerator was wrong: %d of %d calls that were compared (--accelerate check) were seen "
    b"otherwise inside of their process. Please report it, and trace with --accelerate off"
)
"""The warning of a trace that may not be right."""


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
        calls_compared=ways.compared,
        calls_different=ways.different,
    )


def warning(ways: Ways) -> Warn | None:
    """Return what to say where the ways differ.

    Raises:
        ValueError: the counts are so great that SQLite can't hold them.

    """
    for count in ways[1:]:
        held(count)
    if ways.different == 0:
        return None
    return Warn(ways.time, u32(0), u32(0), DIFFERENT % (ways.different, ways.compared))
