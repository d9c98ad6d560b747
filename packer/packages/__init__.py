"""Which package installed a file: one package manager is one module and one row in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rpz.packer.packages import dpkg

if TYPE_CHECKING:
    from collections.abc import Collection

    from rpz.packer.config.model import Package


class PackageManager(Protocol):
    """What the module of a package manager offers."""

    NAME: str

    def available(self) -> bool:
        """Whether this machine's packages are managed by it."""
        ...

    def owners(self, paths: Collection[bytes]) -> list[Package]:
        """Return the packages that installed some of these real paths, each with those of its own.

        A path is given to one package at most; one of no package is not an error.
        """
        ...


MANAGERS: tuple[PackageManager, ...] = (dpkg,)
"""In the order in which they are asked: a path goes to the first that knows it."""


def prepare() -> None:
    """Begin with what takes a while and doesn't depend on the files: a run is going on."""
    dpkg.prepare()


def packages_of(paths: Collection[bytes]) -> tuple[Package, ...]:
    """Return the packages that installed some of these paths, sorted by name."""
    left = set(paths)
    found: list[Package] = []
    for manager in MANAGERS:
        if left and manager.available():
            owners = manager.owners(left)
            found += owners
            left -= {bytes(file) for package in owners for file in package.files}
    return tuple(sorted(found, key=lambda package: package.name))
