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
PARTS = ("gpu", "container")
"""Facts of which there are none on a machine that hasn't such a thing; others are unknown then."""
UNKNOWN = (None, "", -1)
"""What stands for a fact that nobody has recorded."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs between the machines."""
    ours, theirs = _about(one), _about(other)
    whole = one.has_record and other.has_record
    for name in ours.keys() ^ theirs.keys():  # what only one of the traces tells
        if not (whole and name in PARTS):
            ours.pop(name, None)
            theirs.pop(name, None)
    return mapping_differences(ours, theirs)


def _about(side: Side) -> dict[str, str]:
    columns = {name.replace("_", " "): getattr(side.run, name) for name in COLUMNS}
    about = {name: str(value) for name, value in columns.items() if value not in UNKNOWN}
    for fact in side.topic("where"):
        value = fact.value.decode(errors="replace")
        about[fact.name] = f"{about[fact.name]}, {value}" if fact.name in about else value
    return about
