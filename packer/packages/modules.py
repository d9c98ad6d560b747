"""Software that environment modules bring (Lmod, Environment Modules, EasyBuild), by its prefix.

A loaded module is called ``NAME/VERSION`` in ``LOADEDMODULES``; by custom its files are below a
folder of that name.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import packages_in, walk
from rpz.packer.packages.paths import by_root
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

NAME = "modules"
VARIABLE = "LOADEDMODULES"


class Modules:
    """The modules that were loaded when the runs began."""

    NAME = NAME

    def __init__(self, loaded: Iterable[str]) -> None:
        """Take the names of the modules, such as ``GCC/12.3.0``."""
        self._loaded = {os.fsencode(name): name for name in loaded if "/" in name.strip("/")}
        words = b"|".join(map(re.escape, sorted(self._loaded, key=len, reverse=True)))
        self._root = re.compile(rb"(.*?/(?:%s))/" % words, re.DOTALL)

    def owners(self, paths: Collection[bytes]) -> list[Package]:
        """Return the modules that some of these paths are of, each with those of its own."""
        return packages_in(by_root(paths, self._above), self._read) if self._loaded else []

    def contents(self, some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
        """Yield packages with all their files."""
        for package in some:
            below = os.fsencode(f"/{package.name}/{package.version}/")
            heads = {head for p in package.files for head in [bytes(p).partition(below)] if head[1]}
            roots = {head + below[:-1] for head, _, _ in heads}
            yield package, [name for root in sorted(roots) for name in walk(root)]

    def _above(self, path: bytes) -> bytes | None:
        found = self._root.match(path)
        return found[1] if found else None

    def _read(self, root: bytes) -> Package | None:
        module = next((m for raw, m in self._loaded.items() if root.endswith(b"/" + raw)), None)
        if module is None:
            return None
        name, _, version = module.rpartition("/")
        return Package(name, version, (), manager=NAME, purl=purl("generic", name, version))


def loaded_modules(environments: Iterable[dict[str, str]]) -> tuple[str, ...]:
    """Return the names of the modules that some environments say are loaded."""
    said = (name for e in environments for name in e.get(VARIABLE, "").split(":"))
    return tuple(dict.fromkeys(filter(None, said)))
