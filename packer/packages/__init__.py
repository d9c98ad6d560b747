"""Which package installed a file: one package manager is one module and one row in the table."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from rpaths import PosixPath

from rpz.packer.packages import (
    apk,
    conda,
    dpkg,
    gems,
    git,
    jars,
    julia,
    npm,
    pacman,
    pip,
    python,
    r,
    rpm,
    spack,
)
from rpz.packer.packages.library import extent_of
from rpz.packer.packages.modules import Modules
from rpz.packer.packages.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from rpz.packer.config.model import Package


class PackageManager(Protocol):
    """What the module of a package manager offers."""

    NAME: str

    def owners(self, paths: Collection[bytes]) -> list[Package]:
        """Return the packages that installed some of these real paths, each with those of its own.

        A path is given to one package at most; one of no package is not an error. Where nothing is
        managed by it, there are none. Nothing of a manager is read unless a path can be its own.
        """
        ...

    def contents(self, some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
        """Yield packages, in order, with all their files; with none if they aren't here any more.

        The paths need not be real ones, and what is at them need not be there.
        """
        ...


MANAGERS: tuple[PackageManager, ...] = (
    dpkg, rpm, apk, pacman, spack, conda, pip, r, julia, npm, gems, jars, python,
)  # fmt: skip
"""In the order in which they are asked: a path goes to the first that knows it."""

CACHED = re.compile(rb"(.*/)__pycache__/([^/]+)\.([^./]+(?:\.opt-[^./]+)?)\.pyc", re.DOTALL)
"""What Python has made of a module: no package's own, when it was made on the machine."""


def prepare() -> None:
    """Begin with what takes a while and doesn't depend on the files: a run is going on."""
    rpm.prepare()


def ahead(paths: Sequence[bytes]) -> Callable[[], bool]:
    """Return what reads a bit about the packages of some paths, of which more may come.

    It says whether there was something to do. What changes afterwards is read again.
    """
    return pip.Ahead(paths).step


def packages_of(paths: Collection[bytes], loaded: Iterable[str] = ()) -> tuple[Package, ...]:
    """Return the packages that installed some of these paths, sorted by name.

    ``loaded`` are the names of the environment modules that the runs found loaded.
    """
    left = Paths(paths)
    cached = (path for path in left if path.endswith(b".pyc"))
    sources = {path: made_of for path in cached if (made_of := source_of(path))}
    found: list[Package] = []
    for manager in _managers(loaded):
        if not left:
            break
        for package in _owners(manager, left, sources):
            found.append(package)
            left.difference_update(map(bytes, package.files))
    return tuple(sorted(found, key=lambda package: (package.name, package.version)))


def contents_of(some: Iterable[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; those of an unknown manager have none."""
    managers = {manager.NAME: manager for manager in _managers(())}
    by_manager: dict[str, list[Package]] = defaultdict(list)
    for package in some:
        by_manager[package.manager].append(package)
    for name, packages in by_manager.items():
        if name in managers:
            yield from managers[name].contents(packages)
        else:
            yield from ((package, []) for package in packages)


def source_of(path: bytes) -> bytes | None:
    """Return the module that Python has compiled into a file of a ``__pycache__``."""
    found = CACHED.fullmatch(path) if path.endswith(b".pyc") else None
    return found[1] + found[2] + b".py" if found else None


def _managers(loaded: Iterable[str]) -> tuple[PackageManager, ...]:
    return (*MANAGERS, Modules(loaded), git)


def _owners(
    manager: PackageManager, paths: set[bytes], sources: Mapping[bytes, bytes]
) -> Iterator[Package]:
    """Yield the packages of a manager; what Python compiled goes with what it was made of."""
    compiled: dict[bytes, list[bytes]] = defaultdict(list)
    for path in sources.keys() & paths:
        compiled[sources[path]].append(path)
    taken: set[bytes] = set()
    for package in manager.owners(paths | compiled.keys() if compiled else paths):
        found = set(map(bytes, package.files))
        own = found.union(*(compiled[source] for source in found & compiled.keys()))
        own = (own & paths) - taken
        taken |= own
        if own:
            # Paths take their time to be made: there may be many
            files = package.files if own == found else tuple(map(PosixPath, sorted(own)))
            yield replace(package, files=files, extent=extent_of(own))
