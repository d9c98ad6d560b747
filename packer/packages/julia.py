"""Julia's packages: ``packages/NAME/SLUG`` in a depot, with a ``Project.toml``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import content_of, contents_in, packages_in, text_of, word
from rpz.packer.packages.paths import by_root, with_parts
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "julia"
PARTS = (b"/packages/", b"/share/julia/")
ROOT = re.compile(
    rb"(.*/packages/[^/]+/[A-Za-z0-9]{4,6}|.*/share/julia/stdlib/v[0-9.]+/[^/]+)/", re.DOTALL
)
"""The folder of a package: in a depot, or in Julia's standard library."""
MARKS = (b"/Project.toml", b"/JuliaProject.toml")


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    return packages_in(by_root(with_parts(paths, *PARTS), _root), _read)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Return packages with all their files."""
    return contents_in(some, _root)


def _root(path: bytes) -> bytes | None:
    found = ROOT.match(path)
    return found[1] if found else None


def _read(root: bytes) -> Package | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    text = next(filter(None, (content_of(root + mark) for mark in MARKS)), b"")
    try:
        project = tomllib.loads(text_of(text))
    except (ValueError, RecursionError):
        return None
    name, version, uuid = (word(project.get(key)) for key in ("name", "version", "uuid"))
    if not name or not uuid:
        return None
    url = purl("julia", name, version, uuid=uuid)
    return Package(name, version, (), manager=NAME, purl=url)
