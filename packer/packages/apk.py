"""Alpine's packages, from the database of installed packages (apk(5)).

It is lines of a letter, a colon and a value; an empty line ends a package. ``F:`` is a folder,
relative to the root, ``R:`` a file in it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import Claim, packages
from rpz.packer.packages.folders import content_of, text_of
from rpz.packer.packages.purl import of_distribution
from rpz.packer.packages.spellings import spellings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

NAME = "apk"
DATABASES = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
ROOT = b"/"
"""What the names in the database are below."""


@dataclass
class _Entry:
    values: dict[bytes, bytes] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)

    def package(self) -> Package:
        name, version, arch = (text_of(self.values.get(key, b"")) for key in (b"P", b"V", b"A"))
        size = self.values.get(b"I", b"")
        return Package(
            name,
            version,
            (),
            size=int(size) if size.isdigit() else None,
            manager=NAME,
            purl=of_distribution("apk", name, version, arch),
        )


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    if not any(map(os.path.exists, DATABASES)):
        return []
    return packages(_claims(spellings(paths)))


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    asked = {(package.name, package.version) for package in some}
    files = {}
    for entry in _entries():
        found = entry.package()
        if (key := (found.name, found.version)) in asked:
            files[key] = entry.files
    for package in some:
        yield package, files.get((package.name, package.version), [])


def _claims(wanted: Mapping[bytes, bytes]) -> Iterator[Claim]:
    for entry in _entries():
        if own := [name for name in entry.files if name in wanted]:
            package = entry.package()
            yield from ((wanted[name], package) for name in own)


def _entries() -> Iterator[_Entry]:
    entry, folder = _Entry(), ROOT
    for line in b"".join(content_of(os.fsencode(path)) for path in DATABASES).split(b"\n"):
        key, _, value = line.partition(b":")
        if not line:
            if entry.values:
                yield entry
            entry = _Entry()
        elif key == b"F":
            folder = ROOT + value + b"/" if value else ROOT
        elif key == b"R":
            entry.files.append(folder + value)
        else:
            entry.values[key] = value
    if entry.values:
        yield entry
