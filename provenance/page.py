"""What there is to say about one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer import prefixes
from rpz.packer.inputs import named_paths
from rpz.provenance.installed import recorded
from rpz.tracer.facts import facts_of
from rpz.tracer.rows import DigestRow, ProcessRow, WarningRow

if TYPE_CHECKING:
    from rpz.provenance.installed import Installed
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import FactRow, RunRow

LIBRARY = (b"/site-packages/", b"/dist-packages/", b"/node_modules/", b"/lib/python", b"/lib/R/")


@dataclass(frozen=True)
class Page:
    """A run; inputs and outputs are path, bytes and SHA-256, of what a person calls his files.

    ``modified`` are their times, in nanoseconds since 1970, by role (input, output) and path.
    """

    run: RunRow
    facts: list[FactRow]
    processes: int
    inputs: list[tuple[bytes, int, str]]
    outputs: list[tuple[bytes, int, str]]
    warnings: list[bytes]
    modified: dict[tuple[str, bytes], int]
    packages: list[Installed]

    def topic(self, topic: str) -> list[FactRow]:
        """Return the facts of a topic."""
        return [fact for fact in self.facts if fact.topic == topic]

    def first(self, topic: str, name: str) -> str:
        """Return a fact's value as text, "" if there is none."""
        found = (fact for fact in self.topic(topic) if fact.name == name)
        return next((fact.value.decode("utf-8", "surrogateescape") for fact in found), "")


def page_of(database: TraceDatabase, run: RunRow) -> Page:
    """Return what a trace says about a run."""
    files: dict[str, list[tuple[bytes, int, str]]] = {"input": [], "output": []}
    modified = {}
    named = frozenset(named_paths(run))
    for row in database.rows(DigestRow, "run_id = ?", run.id):
        hidden = is_of_the_machine(row.name) or prefixes.is_hidden(row.name, run.workingdir)
        if row.name in named or not hidden:
            files[row.role].append((row.name, row.size, row.sha256))
            modified[row.role, row.name] = row.modified
    return Page(
        run=run,
        facts=facts_of(database, run.id),
        processes=database.count(ProcessRow, "run_id = ? AND NOT is_thread", run.id),
        inputs=files["input"],
        outputs=files["output"],
        warnings=list(
            dict.fromkeys(row.text for row in database.rows(WarningRow, "run_id = ?", run.id))
        ),
        modified=modified,
        packages=recorded(database, run.id),
    )


def is_of_the_machine(path: bytes) -> bool:
    """Whether a file is of the system or of a library, by where it is."""
    return prefixes.is_system(path) or any(part in path for part in LIBRARY)
