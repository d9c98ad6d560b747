"""The names of files as a run moves, makes and removes them, and what they were before it.

Only names that the run touched so are kept, so that a run that moves nothing costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Name:
    """What has one name now: ``origin`` is the name before the run, None if it wasn't there.

    ``written``: the run has written to it.
    """

    __slots__ = ("children", "origin", "written")

    def __init__(self, origin: bytes | None, *, written: bool = False) -> None:
        """Begin without names below it."""
        self.origin = origin
        self.written = written
        self.children: dict[bytes, Name] = {}


class Names:
    """All names, at this point of the run: absolute real paths."""

    def __init__(self) -> None:
        """Begin with the names as they were before the run."""
        self._root = Name(b"")

    def origin(self, path: bytes) -> bytes | None:
        """Return the name before the run of what has this name now."""
        name, rest = self._deepest(path)
        if name.origin is None:
            return None
        return b"/".join((name.origin, *rest))

    def at(self, path: bytes) -> Name:
        """Return what has this name now."""
        name, rest = self._deepest(path)
        for part in rest:
            origin = None if name.origin is None else name.origin + b"/" + part
            name.children[part] = name = Name(origin)
        return name

    def make(self, path: bytes) -> None:
        """Let the run have made what has this name; what was there is gone."""
        self._put(path, Name(None))

    def rename(self, old: bytes, new: bytes) -> None:
        """Move a name with all that is below it."""
        moved = self.at(old)
        self.make(old)
        self._put(new, moved)
        moved.written = True

    def exchange(self, one: bytes, other: bytes) -> None:
        """Swap two names."""
        first, second = self.at(one), self.at(other)
        self._put(one, second)
        self._put(other, first)
        first.written = second.written = True

    def link(self, old: bytes, new: bytes) -> None:
        """Give a file another name."""
        self._put(new, Name(self.origin(old), written=True))

    def touched(self) -> Iterator[tuple[bytes, Name]]:
        """Yield the names that were touched, as they are now."""
        stack = [(b"", self._root)]
        while stack:
            path, name = stack.pop()
            yield path, name
            stack += [(path + b"/" + part, child) for part, child in name.children.items()]

    def places(self) -> dict[bytes, list[bytes]]:
        """Return where things are that have, now or also, another name than before the run."""
        places: dict[bytes, list[bytes]] = {}
        for path, name in self.touched():
            if name.origin is not None and name.origin != path:
                places.setdefault(name.origin, []).append(path)
        return places

    def _deepest(self, path: bytes) -> tuple[Name, list[bytes]]:
        """Return the longest part of a path that is kept, and the rest."""
        name = self._root
        parts = path.split(b"/")[1:]
        for depth, part in enumerate(parts):
            child = name.children.get(part)
            if child is None:
                return name, parts[depth:]
            name = child
        return name, []

    def _put(self, path: bytes, name: Name) -> None:
        folder, _, last = path.rpartition(b"/")
        (self.at(folder) if folder else self._root).children[last] = name
