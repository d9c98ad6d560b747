"""What a catalogue takes of a run: nothing that a pack would withhold."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.secrets.database import withheld_from
from rpz.provenance.reprozip import ENGINE
from rpz.provenance.source import Source, SourceError
from rpz.tracer.facts import Fact, facts_of
from rpz.tracer.fields import items_of, joined
from rpz.tracer.rows import DigestRow, ExecutionRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.secrets.redact import Secrets
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import RunRow

UNNAMED = uuid.UUID("e0e7a3a5-5bd3-4a0e-9a2d-2f1f0c1d7b11")
"""The namespace of the ids that runs of an earlier rpz get, which gave them none."""
NUMBERS = (
    "started", "timestamp", "end_timestamp", "exitcode", "user_time", "system_time", "peak_memory"
)  # fmt: skip
ROLES = ("input", "output")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Description:
    """A run without its secrets."""

    database: TraceDatabase
    run: RunRow
    secrets: Secrets

    @property
    def uuid(self) -> str:
        """What names the run, wherever it is: of an earlier rpz's, when and by whom it was made."""
        for fact in facts_of(self.database, self.run.id):
            if (fact.topic, fact.name) == ("run", "id"):
                try:
                    return str(uuid.UUID(fact.value.decode("ascii", "replace")))
                except ValueError:
                    break
        run = self.run
        return str(uuid.uuid5(UNNAMED, f"{run.started} {run.timestamp} {run.uid} {run.gid}"))

    @property
    def row(self) -> tuple[object, ...]:
        """Return the columns of ``runs`` behind ``uuid``."""
        run, text = self.run, self._text
        processor = None
        if run.user_time is not None and run.system_time is not None:
            processor = run.user_time + run.system_time
        duration = None if run.end_timestamp is None else run.end_timestamp - run.timestamp
        return (
            joined(self.secrets.words(items_of(run.argv))),
            self.secrets.text(run.workingdir),
            *(run.started, duration, run.exitcode, processor, run.peak_memory),
            *map(text, (run.hostname, run.distribution, run.distribution_version)),
            *map(text, (run.architecture, run.kernel)),
        )

    def _text(self, text: str) -> bytes:
        return self.secrets.text(text.encode("utf-8", "surrogateescape"))

    def facts(self) -> Iterator[Fact]:
        """Yield what its record says; of what isn't committed only that, and how much it is."""
        for fact in facts_of(self.database, self.run.id):
            name, value = fact.name, self.secrets.passage(fact.value)
            if (fact.topic, name) == ("code", "diff"):
                digest = hashlib.sha256(value, usedforsecurity=False).hexdigest()
                name, value = "changes", f"{len(value)} bytes, SHA-256 {digest}".encode()
            topic, name = (self._text(t).decode(errors="replace") for t in (fact.topic, name))
            yield Fact(topic, name, value, self.secrets.text(fact.source))

    def programs(self) -> set[bytes]:
        """Return the programs that it executed."""
        where = f"run_id = {self.run.id}"
        found = self.database.distinct(ExecutionRow, "name", where)
        return {self.secrets.text(name) for (name,) in found}

    def files(self) -> Iterator[tuple[bytes, str, str, int]]:
        """Yield what it read and wrote: name, role, SHA-256, bytes."""
        for row in self.database.rows(DigestRow, "run_id = ?", self.run.id):
            if row.role in ROLES and SHA256.fullmatch(row.sha256) and isinstance(row.size, int):
                yield self.secrets.text(row.name), row.role, row.sha256, row.size


def described(source: Source) -> list[Description]:
    """Return the runs of a trace or a pack.

    Raises:
        SourceError: it has texts in the place of numbers, which would be found later by others; it
            is of ReproZip's.

    """
    if source.run.engine == ENGINE:
        raise SourceError(
            f"{source.path} has no trace of rpz's", "rpz show shows what a pack of ReproZip's tells"
        )
    for run in source.runs:
        if not all(isinstance(getattr(run, name), int | None) for name in NUMBERS):
            raise SourceError(f"{source.path} is damaged: its numbers are none", "Leave it out")
    secrets = withheld_from(source.trace)
    return [Description(source.database, run, secrets) for run in source.runs]
