"""Arch's packages, from pacman's database: a folder a package, with its ``desc`` and ``files``.

Both are sections: ``%NAME%``, then a value a line, then an empty line. Names are relative to the
root; those of folders end in a slash.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import Claim, packages
from rpz.packer.packages.folders import content_of, text_of
from rpz.packer.packages.purl import of_distribution
from rpz.packer.packages.spellings import spellings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

NAME = "pacman"
DATABASE = b"/var/lib/pacman/local"
ROOT = b"/"
"""What the names in the database are below."""


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    return packages(_claims(spellings(paths))) if os.path.isdir(DATABASE) else []


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    for package in some:
        folder = os.path.join(DATABASE, os.fsencode(f"{package.name}-{package.version}"))
        yield package, [name for name in _files(folder) if not name.endswith(b"/")]


def _claims(wanted: Mapping[bytes, bytes]) -> Iterator[Claim]:
    for name in sorted(os.listdir(DATABASE)):
        folder = os.path.join(DATABASE, name)
        if own := [file for file in _files(folder) if file in wanted]:
            package = _package(_sections(folder + b"/desc"))
            yield from ((wanted[file], package) for file in own)


def _files(folder: bytes) -> list[bytes]:
    return [ROOT + name for name in _sections(folder + b"/files").get(b"%FILES%", [])]


def _package(desc: dict[bytes, list[bytes]]) -> Package:
    def value(key: bytes) -> str:
        return text_of(b"".join(desc.get(key, [])[:1]))

    size = value(b"%SIZE%")
    return Package(
        name=value(b"%NAME%"),
        version=value(b"%VERSION%"),
        files=(),
        size=int(size) if size.isdecimal() else None,
        manager=NAME,
        purl=of_distribution("alpm", value(b"%NAME%"), value(b"%VERSION%"), value(b"%ARCH%")),
    )


def _sections(path: bytes) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for part in content_of(path).split(b"\n\n"):
        lines = part.strip(b"\n").split(b"\n")
        found[lines[0]] = lines[1:]
    return found
