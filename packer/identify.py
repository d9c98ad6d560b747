"""Which packages the files are of that runs have named: before it is decided what is packed."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rpaths import PosixPath

from rpz.packer.packages import packages_of
from rpz.packer.packages.library import extent_of
from rpz.packer.packages.modules import VARIABLE, loaded_modules
from rpz.tracer.fields import variables_of
from rpz.tracer.rows import ExecutionRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from rpz.packer.config.model import Package
    from rpz.tracer.database import TraceDatabase

NAMES = "SELECT name FROM opened_files WHERE NOT is_directory UNION ALL SELECT name FROM links"
"""Some more than once: who wants each once has a set, which is made in a third of the time."""


class Identified(NamedTuple):
    """The packages of some files, and the names that were asked for."""

    packages: tuple[Package, ...]
    names: AbstractSet[bytes]

    def narrowed(self, paths: Collection[bytes]) -> tuple[Package, ...] | None:
        """Return what was found for some paths only; None: not all of them were asked for.

        It is what :func:`rpz.packer.packages.packages_of` finds for them.
        """
        wanted = frozenset(paths)
        return tuple(_narrowed(self.packages, wanted)) if wanted <= self.names else None


def identified(database: TraceDatabase) -> Identified:
    """Return the packages of all files and links that the runs of a trace have named."""
    names = {name for (name,) in database.select(NAMES)}
    return Identified(packages_of(names, loaded_modules(_environments(database))), names)


def _narrowed(packages: Iterable[Package], wanted: AbstractSet[bytes]) -> Iterator[Package]:
    for package in packages:
        files = [bytes(file) for file in package.files]
        own = [file for file in files if file in wanted]
        if len(own) == len(files):
            yield package
        elif own:
            yield replace(package, files=tuple(map(PosixPath, own)), extent=extent_of(own))


def _environments(database: TraceDatabase) -> Iterator[dict[str, str]]:
    for run in list(database.rows(RunRow)):
        first = next(database.rows(ExecutionRow, "run_id = ?", run.id), None)
        found = variables_of(first.envp) if first is not None else {}
        yield {VARIABLE: os.fsdecode(found.get(os.fsencode(VARIABLE), b""))}
