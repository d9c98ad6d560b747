"""Which compiled programs a run started that aren't the system's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.packer import prefixes
from rpz.provenance.interpreters import TOPIC
from rpz.tracer.facts import Fact
from rpz.tracer.records import Mode
from rpz.tracer.rows import ExecutionRow, FileRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.tracer.database import TraceDatabase

READ = int(Mode.READ)


def compiled(database: TraceDatabase, run: int) -> Iterator[Fact]:
    """Yield build-id and compilers of the programs that were started from outside the system."""
    executed = database.distinct(ExecutionRow, "name", f"run_id = {run}")
    real = {os.path.realpath(name) for (name,) in executed}
    paths = {path for path in real if not prefixes.is_system(path)}
    if not paths:
        return
    from rpz.provenance.origin import made_of  # takes a while: most runs don't need it

    where = f"run_id = {run} AND mode & {READ} AND NOT is_directory"
    read = {name for (name,) in database.distinct(FileRow, "name", where)}
    for path in sorted(paths & read):
        yield from (Fact(TOPIC, name, value, path) for name, value in made_of(path))
