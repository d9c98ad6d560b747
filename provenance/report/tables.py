"""The processes and files of a run as columns, which take less room than objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rpz.provenance.files import files
from rpz.provenance.page import is_of_the_machine
from rpz.provenance.processes import processes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.provenance.files import File
    from rpz.provenance.installed import Installed
    from rpz.provenance.processes import Process
    from rpz.provenance.source import Source
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import RunRow

MOST_PROCESSES = 50_000
MOST_FILES = 200_000
"""Rows on the page: what is beyond, it says."""
LONGEST = 4000
"""Characters of a command."""
READ, WRITTEN, MADE, MACHINE = 1, 2, 4, 8
"""Bits of ``flags``; MACHINE is of a file of the system or of a library."""
VOLATILE = (b"/proc/", b"/sys/", b"/dev/", b"/run/")
CACHES = (b"/.cache/", b"/__pycache__/")
GIT = "git"
"""Working trees are packages to the packer, and the experiment itself to a person."""


class Sets:
    """Sets of processes, each kept once: most libraries are read by the same ones."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: dict[frozenset[int], int] = {}

    def number(self, members: frozenset[int]) -> int:
        """Return the number of a set."""
        return self._numbers.setdefault(members, len(self._numbers))

    def all(self) -> list[list[int]]:
        """Return the sets by their numbers."""
        return [sorted(members) for members in self._numbers]


def process_table(database: TraceDatabase, run: RunRow) -> dict[str, Any]:
    """Return the processes, each behind its parent; times are nanoseconds since the run began."""
    everybody = [place for root in processes(database, run.id) for place in root.all()]
    shown = everybody[:MOST_PROCESSES]
    return {
        "number": [process.number for _, process in shown],
        "depth": [depth for depth, _ in shown],
        "start": [process.started - run.timestamp for _, process in shown],
        **{
            name: [getattr(process, name) for _, process in shown]
            for name in ("tid", "wall", "cpu", "memory", "status", "signal", "threads")
        },
        "commands": [_commands(process) for _, process in shown],
        "left_out": len(everybody) - len(shown),
    }


def _commands(process: Process) -> list[list[str]]:
    return [_shortened(words) for words in process.commands]


def _shortened(words: Sequence[str]) -> list[str]:
    """Return the words of a command, as many of them as a person would read."""
    kept: list[str] = []
    room = LONGEST
    for word in words:
        if room <= 0:
            return [*kept, f"… and {len(words) - len(kept)} more"]
        kept.append(word if len(word) <= room else f"{word[:room]}…")
        room -= len(word)
    return kept


def file_table(source: Source, numbers: Sequence[int], sets: Sets) -> dict[str, Any]:
    """Return the files, those of the experiment first, and the packages of the others.

    ``numbers`` are those of the processes on the page: they stand for them by their places.
    """
    places = {number: place for place, number in enumerate(numbers)}
    packages = source.packages
    owners = {path: n for n, package in enumerate(packages) for path in package.files}
    installed = {n for n, package in enumerate(packages) if package.manager != GIT}

    def flags(file: File) -> int:
        return _flags(file, installed=owners.get(file.path) in installed)

    found = sorted(files(source.database, source.run.id), key=lambda file: flags(file) & MACHINE)
    shown = found[:MOST_FILES]
    contents = [file.after or file.before for file in shown]
    table = {
        "path": [file.path.decode("utf-8", "surrogateescape") for file in shown],
        "flags": [flags(file) for file in shown],
        "size": [None if content is None else content.size for content in contents],
        "sha256": [None if content is None else content.sha256 for content in contents],
        "package": [owners.get(file.path, -1) for file in shown],
        "readers": [sets.number(_known(file.readers, places)) for file in shown],
        "writers": [sets.number(_known(file.writers, places)) for file in shown],
        "left_out": len(found) - len(shown),
    }
    return {
        "files": table,
        "packages": [_package(package) for package in packages],
        "sets": sets.all(),
    }


def _known(members: set[int], places: dict[int, int]) -> frozenset[int]:
    return frozenset(places[number] for number in members if number in places)


def _flags(file: File, *, installed: bool) -> int:
    path = file.path
    machine = installed or is_of_the_machine(path) or path.startswith(VOLATILE)
    machine = machine or any(part in path for part in CACHES)
    return READ * file.read + WRITTEN * file.written + MADE * file.made + MACHINE * machine


def _package(package: Installed) -> dict[str, Any]:
    return {"name": package.name, "version": package.version, "manager": package.manager}
