"""The graph as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Package
    from rpz.provenance.files import Content
    from rpz.tracer.rows import RunRow


class Role(Enum):
    """What a file was for the runs."""

    INPUT = "input"
    """It was there before and was read."""
    OUTPUT = "output"
    """A run wrote it and left it."""
    BOTH = "input+output"
    """It was there before, was read, and was changed."""
    TEMPORARY = "temporary"
    """A run made it and took it away again."""


class Joint(Enum):
    """How an edge joins its process to a file or to another process."""

    READS = "reads"
    WRITES = "writes"
    EXECUTES = "executes"
    """The file is the program, or the script that is one; it is read, too."""
    STARTS = "starts"
    """The process is the parent of the other."""


class Edge(NamedTuple):
    """What a process does: ``target`` is a file's path, of ``STARTS`` another process's number."""

    kind: Joint
    process: int
    target: bytes | int


@dataclass(frozen=True)
class Process:
    """A process, or one of its threads where these are asked for.

    ``commands`` are the argument lists of the programs that it executed, one after the other; a
    fork has none. ``program`` is the path of the last of them as it was asked for, else ``b""``.
    ``started`` and ``ended`` are nanoseconds since its run began. ``status`` and ``signal`` exclude
    each other. None: not known.
    """

    number: int
    run: int
    parent: int | None
    program: bytes
    commands: tuple[tuple[bytes, ...], ...]
    started: int
    ended: int | None
    status: int | None
    signal: int | None
    is_thread: bool = False

    @property
    def argv(self) -> tuple[bytes, ...]:
        """The arguments of the last program; of a fork, none."""
        return self.commands[-1] if self.commands else ()


@dataclass(frozen=True)
class File:
    """A file that was read or written.

    ``before`` is what the first of the runs found that used it, ``after`` what the last one left;
    None where that was not recorded.
    """

    path: bytes
    role: Role
    package: Package | None = None
    before: Content | None = None
    after: Content | None = None

    @property
    def content(self) -> Content | None:
        """What it held in the end, as far as is known."""
        return self.after or self.before


@dataclass(frozen=True)
class Graph:
    """Runs, their processes by number (parents first), and their files by path."""

    runs: Sequence[RunRow]
    processes: dict[int, Process]
    files: dict[bytes, File]
    edges: list[Edge]
