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


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs between the machines."""
    return mapping_differences(_about(one), _about(other))


def _about(side: Side) -> dict[str, str]:
    about = {name.replace("_", " "): str(getattr(side.run, name)) for name in COLUMNS}
    for fact in side.topic("where"):
        value = fact.value.decode(errors="replace")
        about[fact.name] = f"{about[fact.name]}, {value}" if fact.name in about else value
    return about
