"""The packages of which a run has read files (``docs/trace-database.md``)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rpz.packer.rows import path_bytes
from rpz.provenance.files import read_as_found
from rpz.tracer.rows import PackageFileRow, PackageRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rpz.packer.config.model import Config, Package
    from rpz.tracer.database import TraceDatabase


class Installed(NamedTuple):
    """A package; ``files`` are those that the run has read, ``size`` is in bytes, of all."""

    name: str
    version: str
    manager: str
    purl: str
    size: int | None
    files: Sequence[bytes]


def add_packages(
    database: TraceDatabase, run: int, packages: Iterable[Package], paths: Iterable[bytes]
) -> None:
    """Add to a trace those packages of which a run has read files that were there: ``paths``."""
    read = set(paths)
    number = database.last_id(PackageRow) + 1
    place = database.last_id(PackageFileRow) + 1
    for package in packages:
        own = [name for name in path_bytes(package.files) if name in read]
        if own:
            about = (package.manager, package.name, package.version, package.purl, package.size)
            database.add([PackageRow(number, run, *about)])
            database.add(PackageFileRow(i, run, number, name) for i, name in enumerate(own, place))
            number, place = number + 1, place + len(own)


def recorded(database: TraceDatabase, run: int) -> list[Installed]:
    """Return the packages of a run that a trace has, in their order; none if it is older."""
    files: dict[int, list[bytes]] = defaultdict(list)
    for file in database.rows(PackageFileRow, "run_id = ?", run):
        files[file.package].append(file.name)
    return [
        Installed(row.name, row.version, row.manager, row.purl, row.size, files[row.id])
        for row in database.rows(PackageRow, "run_id = ?", run)
    ]


def configured(
    database: TraceDatabase, run: int, config: Config, real: Callable[[bytes], bytes]
) -> list[Installed]:
    """Return the packages of a run that a ``config.yml`` has, which is of all runs of a trace.

    ``real`` returns the real path of one there.
    """
    read = set(read_as_found(database, run))
    found = [
        Installed(p.name, p.version, p.manager, p.purl, p.size,
                  [name for name in map(real, path_bytes(p.files)) if name in read])
        for p in config.packages
    ]  # fmt: skip
    return [package for package in found if package.files]
