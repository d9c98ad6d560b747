"""What is told of a run when it is given to others: one account for all forms that tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from rpz.packer.secrets.values import REDACTED
from rpz.provenance.export.contents import swhid_of
from rpz.provenance.export.makers import makers_of
from rpz.provenance.export.names import Described
from rpz.provenance.export.tool import Tool, tool_of
from rpz.provenance.export.withheld import Withheld, withheld_of
from rpz.provenance.files import Content
from rpz.provenance.graph.build import graph_of
from rpz.provenance.page import is_of_the_machine
from rpz.tracer.fields import items_of, variables_of
from rpz.tracer.records import SIGNALLED
from rpz.tracer.rows import DigestRow, ExecutionRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rpz.packer.config.model import Config, Package
    from rpz.provenance.source import Source
    from rpz.tracer.rows import RunRow

USUAL = re.compile(
    rb"(?:OMP|MKL|OPENBLAS|BLIS|NUMEXPR|VECLIB|KMP|NUMBA)_\w+|LANG|LC_\w+|TZ|PYTHONHASHSEED"
    rb"|CUDA_VISIBLE_DEVICES|SOURCE_DATE_EPOCH"
)
"""Variables that decide on results and say nothing of a person; others are told if asked for."""


@dataclass(frozen=True)
class Used:
    """A file that a person would call an input or an output; ``content`` None: not recorded.

    ``maker`` is the command of the run that wrote it, "" if none did.
    """

    path: bytes
    content: Content | None
    maker: str = ""


@dataclass(frozen=True)
class Account:
    """A run: what it was started with, used and left.

    ``parameters`` are name, value and the file that has set it, if one has; ``environment`` name
    and value of those variables that are told.
    """

    described: Described
    argv: tuple[str, ...]
    tool: Tool
    inputs: tuple[Used, ...]
    outputs: tuple[Used, ...]
    packages: tuple[Package, ...]
    parameters: tuple[tuple[str, bytes, bytes], ...]
    environment: tuple[tuple[str, bytes], ...]
    withheld: Withheld

    @property
    def run(self) -> RunRow:
        """The row of the trace."""
        return self.described.run

    @property
    def wall(self) -> int | None:
        """How long it took, in nanoseconds; None: its end was not seen."""
        run = self.run
        return None if run.end_timestamp is None else run.end_timestamp - run.timestamp

    @property
    def started(self) -> datetime | None:
        """When it began, in the time zone in which it ran; None: nobody recorded it."""
        return self._moment(0) if self.run.started else None

    @property
    def ended(self) -> datetime | None:
        """When it ended; None: that was not seen."""
        return None if self.wall is None or not self.run.started else self._moment(self.wall)

    @property
    def failure(self) -> str | None:
        """How it failed; None: it ended well."""
        code = self.run.exitcode
        if code is None:
            return "its end was not seen"
        if code >= SIGNALLED:
            return f"killed by signal {code - SIGNALLED}"
        return f"exit status {code}" if code else None

    def _moment(self, since: int) -> datetime:
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        time = epoch + timedelta(microseconds=(self.run.started + since) // 1000)
        try:
            zone = datetime.strptime(self.described.fact("when", "utc offset"), "%z").tzinfo
        except ValueError:
            zone = None
        return time.astimezone(zone or timezone.utc)


def accounts_of(source: Source, variables: Sequence[str] = ()) -> list[Account]:
    """Return an account of every run that is meant; ``variables`` are told beside the usual."""
    config = source.config
    more = {name.encode("utf-8", "surrogateescape") for name in variables}
    return [_account(source, run, config, more) for run in source.runs]


def _account(source: Source, run: RunRow, config: Config | None, more: set[bytes]) -> Account:
    described = Described(source.database, run)
    graph = graph_of(source.database, [run], config.packages if config is not None else ())
    first = next(source.database.rows(ExecutionRow, "run_id = ?", run.id), None)
    given = variables_of(first.envp) if first is not None else {}
    used = {file.package.key: file.package for file in graph.files.values() if file.package}
    return Account(
        described=described,
        argv=tuple(word.decode("utf-8", "surrogateescape") for word in items_of(run.argv)),
        tool=tool_of(graph, described, partial(swhid_of, source)),
        inputs=tuple(_used(source, run, config, "input")),
        outputs=tuple(_used(source, run, config, "output", makers_of(graph))),
        packages=tuple(used[key] for key in sorted(used)),
        parameters=tuple(
            (fact.name, fact.value, fact.source)
            for fact in described.facts
            if fact.topic == "parameter"
        ),
        environment=tuple(
            (name.decode("utf-8", "backslashreplace"), value)
            for name, value in sorted(given.items())
            if (name in more or USUAL.fullmatch(name)) and REDACTED not in value
        ),
        withheld=withheld_of(source.database, run.id),
    )


def _used(
    source: Source,
    run: RunRow,
    config: Config | None,
    role: str,
    makers: Mapping[bytes, str] = MappingProxyType({}),
) -> Iterator[Used]:
    rows = source.database.rows(DigestRow, "run_id = ? AND role = ?", run.id, role)
    known = {row.name: Content(row.size, row.sha256) for row in rows}
    if config is None:
        paths = [path for path in known if not is_of_the_machine(path)]
    else:
        paths = [
            bytes(file.path)
            for file in config.inputs_outputs
            if run.id in (file.read_by_runs if role == "input" else file.written_by_runs)
        ]
    yield from (Used(path, known.get(path), makers.get(path, "")) for path in sorted(paths))
