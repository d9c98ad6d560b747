"""The code: the state of the repositories that were read."""

from __future__ import annotations

import difflib
from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference
from rpz.provenance.diff.programs import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.side import Side

PLAIN = ("commit", "branch", "changes")
"""What is compared as it is; what is pushed, and where, changes no result."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield the working trees and compiled programs that differ; none if one run has no record."""
    if not (one.has_record and other.has_record):
        return
    ours, theirs = _trees(one), _trees(other)
    for root in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(root, {}), theirs.get(root, {})
        for name in PLAIN:
            if a.get(name) != b.get(name):
                yield Difference(f"{name} of {root}", a.get(name), b.get(name))
        if a.get("diff") != b.get("diff"):
            yield Difference(
                f"uncommitted changes of {root}",
                _amount(a.get("diff")),
                _amount(b.get("diff")),
                _between(a.get("diff", ""), b.get("diff", "")),
            )
    yield from compiled(one, other)


def _trees(side: Side) -> dict[str, dict[str, str]]:
    trees: dict[str, dict[str, str]] = defaultdict(dict)
    for fact in side.topic("code"):
        root = side.mapped(fact.source).decode(errors="surrogateescape")
        trees[root][fact.name] = fact.value.decode(errors="replace")
    return trees


def _amount(text: str | None) -> str | None:
    if not text:
        return None
    lines = text.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return f"+{added} -{removed} lines"


def _between(one: str, other: str) -> str:
    """Return the changes of one that the other hasn't, and the other way round."""
    lines = difflib.unified_diff(one.splitlines(), other.splitlines(), n=2, lineterm="")
    return "\n".join(list(lines)[2:])
