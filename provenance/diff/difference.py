"""One thing that differs between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Difference:
    """What it is called, and what it is in each of the runs, None if it isn't there.

    ``detail`` says more, in lines.
    """

    name: str
    one: str | None
    other: str | None
    detail: str = ""


def mapping_differences(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[Difference]:
    """Yield what differs between two mappings, by name."""
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield Difference(name, one.get(name), other.get(name))
