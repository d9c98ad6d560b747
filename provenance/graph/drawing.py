"""A graph as it is shown: nodes and arrows, with as much detail as was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from rpz.provenance.graph.model import Joint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Package
    from rpz.provenance.graph.model import File, Process
    from rpz.tracer.rows import RunRow


class Kind(Enum):
    """What a node stands for."""

    RUN = "run"
    PROCESS = "process"
    FILE = "file"
    FOLDER = "folder"
    """Several files: a folder, or what other name they all go by."""
    PACKAGE = "package"


@dataclass(frozen=True)
class Node:
    """One thing that is shown.

    ``key`` names it within the drawing: a letter and a number. ``name`` is its path, its command,
    its package. ``frame`` is the package that it is drawn within. ``count`` is how many files it
    stands for.
    """

    key: str
    kind: Kind
    name: bytes
    thing: RunRow | Process | File | Package | None
    frame: Package | None = None
    count: int = 1


class Arrow(NamedTuple):
    """What goes from one node to another: data, or a command; ``times`` is how often."""

    source: str
    target: str
    kind: Joint
    times: int


@dataclass(frozen=True)
class Drawing:
    """All that is shown."""

    runs: Sequence[RunRow]
    nodes: Sequence[Node]
    arrows: Sequence[Arrow]


def sparse(drawing: Drawing) -> Drawing:
    """Leave out arrows that say little and hide the others.

    That a process uses what one that it descends from uses, too: all use the C library.
    """
    parents = {a.target: a.source for a in drawing.arrows if a.kind is Joint.STARTS}
    packages = {node.key for node in drawing.nodes if node.kind is Kind.PACKAGE}
    users: dict[str, set[str]] = {package: set() for package in packages}
    for arrow in drawing.arrows:
        if arrow.source in packages:
            users[arrow.source].add(arrow.target)

    def is_told(arrow: Arrow) -> bool:
        using, above = users.get(arrow.source, ()), parents.get(arrow.target)
        while using and above is not None and above not in using:
            above = parents.get(above)
        return bool(using) and above is not None

    arrows = [arrow for arrow in drawing.arrows if not is_told(arrow)]
    return Drawing(drawing.runs, drawing.nodes, arrows)
