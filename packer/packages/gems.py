"""Ruby's gems: ``gems/NAME-VERSION`` beside ``specifications/NAME-VERSION.gemspec``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import contents_in, packages_in, text_of, walk
from rpz.packer.packages.paths import by_root, with_parts
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "gem"
PARTS = (b"/gems/", b"/specifications/", b"/extensions/")
PLACE = re.compile(
    rb"(.*)/(?:gems/([^/]+)/.*"
    rb"|specifications/([^/]+)\.gemspec"
    rb"|extensions/[^/]+/[^/]+/([^/]+)/.*)",
    re.DOTALL,
)
"""The folder of all gems, and what a gem is called in its three places."""
FULL_NAME = re.compile(r"(.+?)-(\d[^-]*)(?:-(.+))?", re.DOTALL)
"""Name, version, and platform if it is only for one."""


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    return packages_in(by_root(with_parts(paths, *PARTS), _root), _read)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Return packages with all their files."""
    return contents_in(some, _root, lambda root: (_specification(root), *walk(root)))


def _root(path: bytes) -> bytes | None:
    found = PLACE.fullmatch(path)
    if found is None:
        return None
    return found[1] + b"/gems/" + (found[2] or found[3] or found[4])


def _specification(root: bytes) -> bytes:
    folder, _, name = root.rpartition(b"/gems/")
    return folder + b"/specifications/" + name + b".gemspec"


def _read(root: bytes) -> Package | None:
    parts = FULL_NAME.fullmatch(text_of(os.path.basename(root)))
    if parts is None or not os.path.isfile(_specification(root)):
        return None
    url = purl("gem", parts[1], parts[2], platform=parts[3])
    return Package(parts[1], parts[2], (), manager=NAME, purl=url)
