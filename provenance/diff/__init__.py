"""What differs between two runs, the likeliest cause first (``docs/comparing.md``).

A kind of difference is a module with a function ``differences``; :data:`SECTIONS` is the whole
registry, in the order of how likely one is the cause of another result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.provenance.diff import (
    chance,
    code,
    environment,
    host,
    inputs,
    outputs,
    packages,
    parameters,
    processes,
)
from rpz.provenance.diff.withheld import Withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.diff.side import Side

SECTIONS: dict[str, Callable[[Side, Side], Iterable[Difference]]] = {
    "code": code.differences,
    "parameters": parameters.differences,
    "inputs": inputs.differences,
    "packages": packages.differences,
    "environment": environment.differences,
    "host": host.differences,
    "processes": processes.differences,
    "chance": chance.differences,
    "outputs": outputs.differences,
}


@dataclass(frozen=True)
class Section:
    """The differences of one kind."""

    title: str
    differences: tuple[Difference, ...]


def diff(one: Side, other: Side, kinds: Iterable[str] = SECTIONS) -> list[Section]:
    """Return sections, those in which nothing differs too; without secrets."""
    secrets = Withheld(one, other)
    return [
        Section(kind, tuple(secrets.without(kind, SECTIONS[kind](one, other)))) for kind in kinds
    ]
