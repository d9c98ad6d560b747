"""One thing that differs between two runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rpz.provenance.files import Content, File
    from rpz.provenance.held import Held


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


Changed = tuple["File | None", "Content | None", "File | None", "Content | None"]
"""A file in both runs, and what it held."""


def with_details(
    held: Held | None, found: Sequence[tuple[Difference, Changed]]
) -> Iterator[Difference]:
    """Yield differences of files; where the contents are at hand, with what differs in them."""
    pairs = [(a, x, b, y) for _, (a, x, b, y) in found if a and x and b and y and x != y]
    details = held.details(pairs) if held is not None and pairs else {}
    for difference, (one, _, _, _) in found:
        detail = details.get(one.path, "") if one is not None else ""
        yield replace(difference, detail=detail) if detail else difference
