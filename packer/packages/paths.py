"""Paths of which package managers are asked: what several of them want to know is found once."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import TypeAlias

    Roots: TypeAlias = dict[bytes, list[bytes]]
    """Paths, by the folder of the package that they are of."""


class Paths(set[bytes]):
    """A set of paths that gets smaller; what is found of it counts for those taken out, too."""

    @cached_property
    def folders(self) -> frozenset[bytes]:
        """The folders that the paths are in."""
        return _folders(self)

    @cached_property
    def text(self) -> bytes:
        """The paths, with what is in none of them in between."""
        return b"\0".join(self)


def folders_of(paths: Collection[bytes]) -> frozenset[bytes]:
    """Return the folders that paths are in, and maybe some more; ``b""`` is the root."""
    return paths.folders if isinstance(paths, Paths) else _folders(paths)


def _folders(paths: Collection[bytes]) -> frozenset[bytes]:
    return frozenset({path.rpartition(b"/")[0] for path in paths})


def with_parts(paths: Collection[bytes], *parts: bytes) -> Collection[bytes]:
    """Return the paths that have one of some parts: much quicker than by a pattern."""
    text = paths.text if isinstance(paths, Paths) else b"\0".join(paths)
    there = [part for part in parts if part in text]
    found: set[bytes] = set()
    return found.union(*([path for path in paths if part in path] for part in there))


def by_root(paths: Collection[bytes], root_of: Callable[[bytes], bytes | None]) -> Roots:
    """Return the paths that are of a package; ``root_of`` gives its folder, if a path is of one."""
    roots: Roots = defaultdict(list)
    for path in paths:
        if root := root_of(path):
            roots[root].append(path)
    return roots
