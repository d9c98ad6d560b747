"""Comments that people add to a run later."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.provenance.source import opened
from rpz.tracer.database import replaced
from rpz.tracer.facts import Fact, add_facts
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

TOPIC = "note"


def add_note(folder: Path, run: str, text: str, when: datetime) -> str:
    """Add a comment to a run of a trace folder, and return the run's name.

    Raises:
        RpzError: there is no such trace or run, or another rpz is at work in it.

    """
    with opened(f"{folder}:{run}") as source:
        found = source.run
    place = TraceFolder(folder)
    with place.claimed(), replaced(place.database, keep=True) as database:
        name = when.isoformat(sep=" ", timespec="seconds")
        add_facts(database, found.id, [Fact(TOPIC, name, os.fsencode(text))])
    return found.label
