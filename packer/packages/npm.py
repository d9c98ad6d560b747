"""npm's packages: a folder each in a ``node_modules``, in scopes, in one another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import contents_in, json_of, packages_in, walk, word
from rpz.packer.packages.paths import by_root, with_parts
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "npm"
PART = b"/node_modules/"
ROOT = re.compile(rb"(.*/node_modules/(?:@[^/]+/)?[^/.@][^/]*)/", re.DOTALL)


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    return packages_in(by_root(with_parts(paths, PART), _root), _read)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Return packages with all their files, without those of the packages inside them."""
    inside = frozenset((b"node_modules",))
    return contents_in(some, _root, lambda root: walk(root, skip=inside))


def _root(path: bytes) -> bytes | None:
    found = ROOT.match(path)
    return found[1] if found else None


def _read(root: bytes) -> Package | None:
    said = json_of(root + b"/package.json")
    if not isinstance(said, dict) or not word(said.get("name")):
        return None
    name, version = word(said["name"]), word(said.get("version"))
    scope, _, plain = name.rpartition("/")
    return Package(name, version, (), manager=NAME, purl=purl("npm", plain, version, scope))
