"""The state of the code that a run has read: of the working trees that its files are in.

A version control system is a module with a :class:`System`; :data:`SYSTEMS` is the whole registry.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError
from rpz.packer.packages.folders import Marker
from rpz.provenance.repositories import git, mercurial, subversion
from rpz.provenance.repositories.changes import UNKNOWN, unknown
from rpz.tracer.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.provenance.repositories.system import System

__all__ = ["SYSTEMS", "TOPIC", "UNKNOWN", "code"]

TOPIC = "code"
SYSTEMS: tuple[System, ...] = (git.SYSTEM, mercurial.SYSTEM, subversion.SYSTEM)
MACHINE = (b"/usr/", b"/lib/", b"/lib64/", b"/bin/", b"/sbin/", b"/proc/", b"/sys/", b"/dev/")
"""Folders that no working tree is above of."""


def code(paths: Iterable[bytes]) -> Iterator[Fact]:
    """Yield commit, branch, remote, whether it is pushed, and what isn't committed of the trees.

    ``paths`` are the files that the run has read: of those that aren't tracked it says so.
    """
    trees = _trees(path for path in paths if not path.startswith(MACHINE))
    for (root, number), read in sorted(trees.items()):
        for name, value in _state(SYSTEMS[number], root, read):
            yield Fact(TOPIC, name, value, root)


def _trees(paths: Iterable[bytes]) -> dict[tuple[bytes, int], set[bytes]]:
    """Return the files of the trees, by their folder and their system's place in the table.

    A file is of the nearest tree above it; of two, where one folder has two systems.
    """
    finders = [(n, Marker(s.mark)) for n, s in enumerate(SYSTEMS) if shutil.which(s.program)]
    trees: dict[tuple[bytes, int], set[bytes]] = defaultdict(set)
    for path in paths:
        above = [(root, number) for number, marker in finders if (root := marker.above(path))]
        nearest = max((len(root) for root, _ in above), default=0)
        for root, number in above:
            own = root + b"/" + SYSTEMS[number].mark + b"/"
            if len(root) == nearest and not path.startswith(own):
                trees[root, number].add(path)
    return trees


def _state(system: System, root: bytes, read: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield what a system says of a tree; nothing of one that it has none of the files of."""
    try:
        found = list(system.state(root, read))
    except CommandFailedError as error:  # another user's, say, which it refuses
        found = [unknown(error)]
    if found:
        yield "system", system.program.encode()
        yield from found
