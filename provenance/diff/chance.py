"""The sources of chance; those of both runs stay possible causes, and are no difference."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import mapping_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.diff.side import Side

ELSEWHERE = ("setting", "locale")
"""They are variables of the environment, too."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield sources that only one run had, or had otherwise; none if one has no record of them."""
    if not (one.has_record and other.has_record):
        return iter(())
    return mapping_differences(sources(one), sources(other))


def sources(side: Side) -> dict[str, str]:
    """Return what a run had of chance, by kind."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact in side.topic("chance"):
        if fact.name not in ELSEWHERE:
            found[fact.name].append(fact.value.decode(errors="replace"))
    return {name: ", ".join(values) for name, values in found.items()}
