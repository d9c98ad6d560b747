"""Interpreters, and how compiled programs were made."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import mapping_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.diff.side import Side


def interpreters(one: Side, other: Side) -> Iterator[Difference]:
    """Yield the interpreters that only one run used, or in another version."""
    return mapping_differences(_versions(one), _versions(other))


def compiled(one: Side, other: Side) -> Iterator[Difference]:
    """Yield the programs that were compiled anew, or by another compiler."""
    return mapping_differences(_makers(one), _makers(other))


def _versions(side: Side) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for fact in side.topic("program"):
        if fact.name == "interpreter":
            name, _, version = fact.value.decode(errors="replace").partition(" ")
            found[name].append(version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def _makers(side: Side) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for fact in side.topic("program"):
        if fact.name != "interpreter":
            path = side.mapped(fact.source).decode(errors="surrogateescape")
            found[f"{fact.name} of {path}"].append(fact.value.decode(errors="replace"))
    return {name: ", ".join(values) for name, values in found.items()}
