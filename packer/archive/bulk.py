"""What makes a pack big."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.rows import path_bytes
from rpz.packer.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.packer.archive.manifest import Entry
    from rpz.packer.config.model import Config

LARGEST = 10
"""How many of the largest files are told."""


@dataclass(frozen=True)
class Bulk:
    """Bytes of the content that is stored, without holes, before compression.

    ``packages`` are those of each package of the config, in its order, ``others`` of all other
    files, ``largest`` the largest files with their paths, the largest first.
    """

    packages: tuple[int, ...]
    others: int
    largest: tuple[tuple[int, bytes], ...]


def bulk(entries: Iterable[Entry], config: Config) -> Bulk:
    """Add up what packages and files take."""
    owner: Table[int] = Table()
    for index, package in enumerate(config.packages):
        owner.update((path, index) for path in path_bytes(package.files))
    packages = [0] * len(config.packages)
    others = 0
    largest: list[tuple[int, bytes]] = []
    for entry in entries:
        size = entry.stored
        package_index = owner.get(entry.path)
        if package_index is None:
            others += size
        else:
            packages[package_index] += size
        if size:
            place = (size, entry.path)
            (heapq.heappush if len(largest) < LARGEST else heapq.heappushpop)(largest, place)
    return Bulk(tuple(packages), others, tuple(sorted(largest, reverse=True)))
