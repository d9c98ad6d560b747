"""Names that are one name where upper and lower case are the same (macOS, Windows, some disks)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rpz.packer.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator


class Paths(Protocol):
    """Paths of which each is there once: a set, say."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield all."""

    def __contains__(self, path: object, /) -> bool:
        """Whether a path is there."""


def folded(path: bytes) -> bytes:
    """Return a path as a file system without case has it."""
    if path.isascii():
        return path.lower()
    text = path.decode("utf-8", "surrogateescape").casefold()
    return text.encode("utf-8", "surrogateescape")


def clashes(paths: Paths) -> tuple[tuple[bytes, bytes], ...]:
    """Return pairs of paths that differ by case only, sorted.

    Below two folders that clash nothing more is named.
    """
    found: list[tuple[bytes, bytes]] = []
    others: Table[None] = Table()
    others.add_all((key, None) for key in _without_lower(paths, found))
    first, last = b"", None
    for key in others:
        lower, _, path = key.partition(b"\0")
        if lower != last:
            first, last = path, lower
        elif _is_first(path, first):
            found.append((path, first))
    return tuple(sorted(found))


def _without_lower(paths: Paths, found: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield, for sorting, the paths in upper case that aren't there in lower case, with that."""
    for path in paths:
        lower = folded(path)
        if lower == path:
            continue
        if lower not in paths:
            yield lower + b"\0" + path
        elif _is_first(path, lower):
            found.append((path, lower))


def _is_first(path: bytes, other: bytes) -> bool:
    """Whether the folders of both are one and the same."""
    return path.rpartition(b"/")[0] == other.rpartition(b"/")[0]
