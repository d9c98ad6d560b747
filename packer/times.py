"""Which times of folders are those of before the runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.packer.archive.data import FolderTimes
from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from pathlib import Path

TRACE = "trace.sqlite3"


def folder_times(folder: Path, target: Path) -> FolderTimes:
    """Return what keeps packing from changing what is packed.

    Folders that were changed since the first run began get the time of its beginning; so do, in any
    case, those that rpz itself changes (the trace is in one, and the pack), and those in which runs
    started, which are the likeliest to be changed between two packs.
    """
    with TraceDatabase.open(folder / TRACE) as database:
        runs = list(database.rows(RunRow))
    own = {os.fsencode(os.path.realpath(path.absolute().parent)) for path in (folder, target)}
    return FolderTimes(
        latest=min((run.started for run in runs), default=None),
        touched=frozenset(own | {run.workingdir for run in runs}),
    )
