"""A run's description as others may see it."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.secrets.database import withheld_from, without_secrets
from rpz.provenance.graph.captions import printable
from rpz.provenance.reprozip import ENGINE
from rpz.provenance.source import opened
from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.source import Source


log = logging.getLogger(__name__)


@contextlib.contextmanager
def published(name: str, *, contents: bool = False) -> Iterator[Source]:
    """Open a trace folder or a pack as :func:`rpz.provenance.source.opened`, without secrets.

    A pack has none but those that were kept when it was made. Of a trace folder all is withheld
    that packing it would withhold (``docs/secrets.md``). ReproZip withholds nothing: of what it
    made it is done here, and said of a pack that has secrets.

    Raises:
        RpzError: it isn't there, can't be read, or there is no room for a copy without secrets.

    """
    with opened(name, contents=contents) as source, contextlib.ExitStack() as stack:
        if source.pack is not None and source.run.engine != ENGINE:
            yield source
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rpz-")))
        trace = _trace_of(source, folder)
        secrets = withheld_from(trace)
        if source.pack is not None and secrets.names:
            names = printable(", ".join(secrets.names))
            log.warning("%s holds what looks like secrets: %s", source.path, names)
        (folder / "clean").mkdir()
        clean = without_secrets(trace, secrets, folder / "clean")
        if clean == trace:
            yield source
            return
        database = stack.enter_context(TraceDatabase.open(clean))
        wanted = {run.id for run in source.runs}
        runs = tuple(run for run in database.rows(RunRow) if run.id in wanted)
        yield replace(source, database=database, runs=runs)


def _trace_of(source: Source, folder: Path) -> Path:
    """Return the file of a trace, made in a folder if ReproZip's has another form."""
    if source.run.engine != ENGINE:
        return TraceFolder(source.path).database
    trace = folder / source.trace.name
    with TraceDatabase.create(trace) as copy:
        source.database.copy_to(copy)
    return trace
