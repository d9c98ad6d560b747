"""Names that are one name where upper and lower case are the same (macOS, Windows, some disks)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def folded(path: bytes) -> bytes:
    """Return a path as a file system without case has it."""
    if path.isascii():
        return path.lower()
    text = path.decode("utf-8", "surrogateescape").casefold()
    return text.encode("utf-8", "surrogateescape")


def clashes(paths: Collection[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """Return pairs of paths that differ by case only, sorted; ``paths`` is best a set or dict.

    Below two folders that clash nothing more is named.
    """
    others: dict[bytes, bytes] = {}
    found = []
    for path in sorted(p for p in paths if folded(p) != p):  # the rest is its own lower case
        lower = folded(path)
        other = lower if lower in paths else others.setdefault(lower, path)
        if other != path and _is_first(path, other):
            found.append((path, other))
    return tuple(found)


def _is_first(path: bytes, other: bytes) -> bool:
    """Whether the folders of both are one and the same."""
    return path.rpartition(b"/")[0] == other.rpartition(b"/")[0]
