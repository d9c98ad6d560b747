"""What was withheld of a run because it looks like a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.secrets.values import REDACTED
from rpz.tracer.fields import items_of, variables_of
from rpz.tracer.rows import ExecutionRow

if TYPE_CHECKING:
    from rpz.tracer.database import TraceDatabase


@dataclass(frozen=True)
class Withheld:
    """Names of variables, and arguments as they are told, of all processes of a run."""

    variables: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def withheld_of(database: TraceDatabase, run: int) -> Withheld:
    """Return what the trace of a run has no more."""
    variables: dict[bytes, None] = {}
    arguments: dict[bytes, None] = {}
    for row in database.rows(ExecutionRow, "run_id = ?", run):
        if REDACTED in row.envp:
            given = variables_of(row.envp).items()
            variables.update(dict.fromkeys(name for name, value in given if REDACTED in value))
        if REDACTED in row.argv:
            arguments.update(dict.fromkeys(w for w in items_of(row.argv) if REDACTED in w))
    return Withheld(tuple(map(_text, sorted(variables))), tuple(map(_text, arguments)))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
