"""The machine and the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import mapping_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.diff.side import Side

COLUMNS = (
    "architecture",
    "distribution",
    "distribution_version",
    "system",
    "kernel",
    "processors",
    "memory",
    "hostname",
    "uid",
    "gid",
    "umask",
)
UNKNOWN = (None, "", -1)
"""What stands for a fact that nobody has recorded."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs between the machines."""
    ours, theirs = _about(one), _about(other)
    if one.has_record and other.has_record:
        return mapping_differences(ours, theirs)
    both = ours.keys() & theirs.keys()  # what only one of the traces tells is no difference
    return mapping_differences({n: ours[n] for n in both}, {n: theirs[n] for n in both})


def _about(side: Side) -> dict[str, str]:
    columns = {name.replace("_", " "): getattr(side.run, name) for name in COLUMNS}
    about = {name: str(value) for name, value in columns.items() if value not in UNKNOWN}
    for fact in side.topic("where"):
        value = fact.value.decode(errors="replace")
        about[fact.name] = f"{about[fact.name]}, {value}" if fact.name in about else value
    return about
