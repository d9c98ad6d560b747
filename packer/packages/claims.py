"""From "this file is of that package" to packages with their files."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress, count
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.config.model import Package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
    lines: Sequence[bytes],
    wanted: Mapping[bytes, bytes],
    package_of: Callable[[bytes], Package | None],
) -> Iterator[Claim]:
    """Yield the claims in a list: a line about a package, then its files, each after a space.

    A line about a package has columns; one without is the rest of a file's name.

    ``wanted`` has the real path of every spelling; ``package_of`` reads the line about a package,
    and gives None for one whose files are not on the machine. It is asked only about those that
    have a wanted file.
    """
    spaced = {b" " + name: path for name, path in wanted.items()}
    known: dict[int, Package | None] = {}
    last = header = -1
    # There are some hundred thousand lines, of which few are wanted
    for number in compress(count(), map(spaced.__contains__, lines)):
        header = _header(lines, number, last, header)
        last = number
        if header not in known:
            known[header] = package_of(lines[header] if header >= 0 else b"")
        if (package := known[header]) is not None:
            yield spaced[lines[number]], package


def _header(lines: Sequence[bytes], number: int, last: int, before: int) -> int:
    """Return which line is about a file's package: ``before``, if none is behind ``last``."""
    behind = range(number - 1, last, -1)
    found = (n for n in behind if lines[n][:1] != b" " and b"\t" in lines[n])
    return next(found, before)
