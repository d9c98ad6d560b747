"""Which box a machine is made of: the table ``boxes.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from rpz.unpackers.errors import VagrantError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TABLE = Path(__file__).with_name("boxes.yml")
PROVIDERS = ("libvirt", "virtualbox")
"""The providers that the table has a column for."""
ANY = "*"


@dataclass(frozen=True)
class Row:
    """A box for each of some providers, of a distribution; an empty version fits every one."""

    distribution: str
    version: str
    architectures: tuple[str, ...]
    boxes: Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """A box by its name in the catalogue; ``exact`` if it is of the very distribution asked for."""

    box: str
    exact: bool


def rows(table: Path = TABLE) -> list[Row]:
    """Read the table."""
    return [
        Row(
            distribution=row["distribution"],
            version=row["version"],
            architectures=tuple(row["architectures"]),
            boxes={provider: row[provider] for provider in PROVIDERS if provider in row},
        )
        for row in yaml.safe_load(table.read_text("ascii"))
    ]


def choose(distribution: tuple[str, str], architecture: str, provider: str) -> Choice:
    """Return the box for what a run was traced on.

    Raises:
        VagrantError: none is known for this architecture or provider.

    """
    fitting = [row for row in rows() if architecture in row.architectures and provider in row.boxes]
    for degree, found in enumerate(_by_degree(distribution, fitting)):
        if found:
            return Choice(found[0].boxes[provider], exact=degree == 0)
    raise VagrantError(
        f"No box for {architecture} and the provider {provider} is known to rpz",
        "Name one: --box NAME",
    )


def _by_degree(distribution: tuple[str, str], fitting: Sequence[Row]) -> tuple[list[Row], ...]:
    """Return the rows of this version, of this distribution, of any."""
    name, version = distribution[0].lower(), distribution[1]
    same = [row for row in fitting if row.distribution == name]
    return (
        [row for row in same if _fits(row.version, version)],
        same,
        [row for row in fitting if row.distribution == ANY],
    )


def _fits(wanted: str, version: str) -> bool:
    return wanted in ("", version) or version.startswith(f"{wanted}.")
