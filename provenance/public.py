"""A run's description as others may see it."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.secrets.database import withheld_from, without_secrets
from rpz.provenance.source import opened
from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.source import Source


@contextlib.contextmanager
def published(name: str, *, contents: bool = False) -> Iterator[Source]:
    """Open a trace folder or a pack as :func:`rpz.provenance.source.opened`, without secrets.

    A pack has none but those that were kept when it was made. Of a trace folder all is withheld
    that packing it would withhold (``docs/secrets.md``).

    Raises:
        RpzError: it isn't there, can't be read, or there is no room for a copy without secrets.

    """
    with opened(name, contents=contents) as source, contextlib.ExitStack() as stack:
        if source.pack is not None:
            yield source
            return
        trace = TraceFolder(source.path).database
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rpz-")))
        clean = without_secrets(trace, withheld_from(trace), folder)
        if clean == trace:
            yield source
            return
        database = stack.enter_context(TraceDatabase.open(clean))
        wanted = {run.id for run in source.runs}
        runs = tuple(run for run in database.rows(RunRow) if run.id in wanted)
        yield replace(source, database=database, runs=runs)
