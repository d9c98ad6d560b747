"""From "this file is of that package" to packages with their files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.config.model import Package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Claim = tuple[bytes, Package]
"""A path, and the package that it is of; the package's own list of files is not yet made."""


def packages(claims: Iterable[Claim]) -> list[Package]:
    """Return each package with its files; a path goes to the first that claims it."""
    owned: dict[bytes, Package] = {}
    for path, package in claims:
        owned.setdefault(path, package)
    files: dict[int, list[bytes]] = {}  # by identity: equal packages may be in two places
    known: dict[int, Package] = {}
    for path, package in owned.items():
        known[id(package)] = package
        files.setdefault(id(package), []).append(path)
    return [
        replace(package, files=tuple(map(PosixPath, sorted(files[key]))))
        for key, package in known.items()
    ]


def listed(
    lines: Iterable[bytes],
    wanted: Mapping[bytes, bytes],
    package_of: Callable[[bytes], Package | None],
) -> Iterator[Claim]:
    """Yield the claims in a list: a line about a package, then its files, each after a space.

    A line about a package has columns; one without is the rest of a file's name.

    ``wanted`` has the real path of every spelling; ``package_of`` reads the line about a package,
    and gives None for one whose files are not on the machine. It is asked only about those that
    have a wanted file.
    """
    header, package, is_read = b"", None, False
    for line in lines:
        if line[:1] != b" ":
            if b"\t" in line:
                header, is_read = line, False
        elif (name := line[1:]) in wanted:
            if not is_read:
                package, is_read = package_of(header), True
            if package is not None:
                yield wanted[name], package
