"""What the page knows of a run, as JSON (``docs/report.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rpz.packer.secrets.values import REDACTED
from rpz.provenance.page import page_of
from rpz.provenance.report.outputs import outputs_of
from rpz.provenance.report.tables import Sets, file_table, process_table
from rpz.tracer.fields import items_of, variables_of
from rpz.tracer.records import SIGNALLED
from rpz.tracer.rows import ExecutionRow

if TYPE_CHECKING:
    from rpz.provenance.page import Page
    from rpz.provenance.report.clean import Clean
    from rpz.provenance.source import Source
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import RunRow

HOST = (
    "hostname",
    "distribution",
    "distribution_version",
    "system",
    "kernel",
    "architecture",
    "processors",
    "memory",
    "uid",
    "gid",
    "umask",
)
LONGEST = 1 << 18
"""Characters of a fact, such as what isn't committed, that are on the page."""


def run_document(source: Source, side: Clean) -> dict[str, Any]:
    """Return all that the page tells of a run."""
    database, run = source.database, source.run
    page = page_of(database, run)
    sets = Sets()
    processes = process_table(database, run)
    return {
        "source": side.name,
        **_about(run),
        "facts": _facts(page),
        "warnings": [text(warning) for warning in page.warnings],
        "environment": _environment(database, run.id),
        "redacted": REDACTED.decode(),
        "gaps": [gap.replace(str(source.path), side.name) for gap in source.gaps],
        "withheld": list(side.secrets.names) if side.secrets is not None else None,
        "processes": processes,
        **file_table(source, processes["number"], sets),
        "outputs": outputs_of(source, page, side),
    }


def _about(run: RunRow) -> dict[str, Any]:
    killed = run.exitcode is not None and run.exitcode >= SIGNALLED
    return {
        "name": run.label,
        "argv": [text(word) for word in items_of(run.argv)],
        "folder": text(run.workingdir),
        "started": run.started // 10**6,
        "wall": None if run.end_timestamp is None else run.end_timestamp - run.timestamp,
        "user": run.user_time,
        "system": run.system_time,
        "memory": run.peak_memory,
        "status": None if killed else run.exitcode,
        "signal": run.exitcode - SIGNALLED if killed and run.exitcode is not None else None,
        "host": {name: getattr(run, name) for name in HOST},
    }


def _facts(page: Page) -> list[dict[str, str]]:
    return [
        {
            "topic": fact.topic,
            "name": fact.name,
            "value": text(fact.value)[:LONGEST],
            "source": text(fact.source),
        }
        for fact in page.facts
    ]


def _environment(database: TraceDatabase, run: int) -> list[list[str]]:
    first = next(database.rows(ExecutionRow, "run_id = ?", run), None)
    found = variables_of(first.envp) if first is not None else {}
    return [[text(name), text(value)] for name, value in sorted(found.items())]


def text(value: bytes) -> str:
    """Return bytes of a trace as text that JSON takes."""
    return value.decode("utf-8", "surrogateescape")
