"""The names of runs: what ``rpz trace --name`` takes, and what keeps them apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Container

    from rpz.tracer.conclusion import Addition
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.folder import TraceFolder

VALID = re.compile(r"(?!\d+$)(?![ -])[0-9A-Za-z_@().:% -]{1,100}(?<! )", re.ASCII)
"""ReproZip's characters. Numbers alone are places of runs; with a dash before, options."""
OURS = re.compile(r"run\d+", re.ASCII)
"""What runs without a name are called; the number may change when traces are combined."""
RULE = (
    "letters, digits, spaces and _-@().:%, up to 100 of them, with more than digits, "
    "and no dash or space in front"
)


class RunNameError(RpzError):
    """A run can't be called so."""


def is_valid(name: str) -> bool:
    """Whether a run can be called so, and be named to ``rpz run`` and ``reprounzip``."""
    return VALID.fullmatch(name) is not None


def check_name(folder: TraceFolder, name: str, *, keep: bool) -> None:
    """Make sure that a new run can be called so; with ``keep``, the folder's runs keep theirs.

    Raises:
        RunNameError: it has other characters, looks like one of ours, or another run has it.

    """
    if not is_valid(name):
        raise RunNameError(f"A run can't be called {name!r}", f"A name is made of {RULE}")
    if OURS.fullmatch(name):
        raise RunNameError(
            f"A run can't be called {name!r}, as runs without a name are", "Choose another name"
        )
    if keep and folder.exists and name in names(folder):
        raise RunNameError(
            f"{folder.path} has a run called {name!r} already", "Choose another name with --name"
        )


def names(folder: TraceFolder) -> set[str]:
    """Return the names of a trace's runs."""
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import RunRow

    with TraceDatabase.open(folder.database) as database:
        return {row.label for row in database.rows(RunRow)}


def free_name(name: str, taken: Container[str]) -> str:
    """Return a name that is free: with ``-2``, ``-3``, … behind it if need be."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}-{count}"
    return found


def named(name: str, addition: Addition | None) -> Addition:
    """Return what gives a run its name and then does what ``addition`` does."""

    def add(database: TraceDatabase, number: int, run: int) -> None:
        database.name_run(run, name)
        if addition is not None:
            addition(database, number, run)

    return add
