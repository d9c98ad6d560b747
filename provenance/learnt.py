"""What is learnt of a run when it has ended (``docs/run-record.md``)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rpz.packer.identify import identified
from rpz.provenance import (
    chance,
    compiled,
    interpreters,
    machine,
    parameters,
    people,
    repositories,
)
from rpz.provenance.files import read_as_found
from rpz.provenance.installed import add_packages
from rpz.tracer.facts import add_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rpz.packer.identify import Identified
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.facts import Fact

log = logging.getLogger(__name__)


def add_learnt(database: TraceDatabase, run: int, snapshots: Path) -> Identified | None:
    """Add to a trace what is learnt of a run: a part that can't be had leaves a gap.

    ``snapshots`` is the folder of what files were before the run changed them. Returns the packages
    of all runs of the trace; None: they can't be had.
    """
    read = read_as_found(database, run)
    sources: tuple[Callable[[], Iterable[Fact]], ...] = (
        people.identity,
        machine.machine,
        lambda: repositories.code(read),
        lambda: interpreters.interpreters(read),
        lambda: compiled.compiled(database, run),
        lambda: parameters.parameters(database, run, snapshots, read),
        lambda: chance.sources(database, run),
    )
    for source in sources:
        add_facts(database, run, _found(source))
    found = _packages(database)
    add_packages(database, run, found.packages if found else (), read)
    return found


def _packages(database: TraceDatabase) -> Identified | None:
    try:
        return identified(database)
    except Exception:
        log.debug("The run's packages aren't in its record:", exc_info=True)
        return None


def _found(source: Callable[[], Iterable[Fact]]) -> list[Fact]:
    try:
        return list(source())
    except Exception:
        log.debug("A part of the run's record is missing:", exc_info=True)
        return []
