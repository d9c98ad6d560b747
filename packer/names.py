"""Short names for files, unique and the same every time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def short_names(paths: Iterable[bytes]) -> dict[bytes, str]:
    r"""Name each path by its last component, and as many more as keep it apart from the others.

    Bytes that are not UTF-8 become ``\xNN``, control characters too, so that a name can be typed;
    where that makes two names alike, the later ones get a number.
    """
    names: dict[bytes, str] = {}
    used: set[str] = set()
    for path, tail in sorted(_tails(sorted(set(paths))).items()):
        name = base = _printable(tail)
        count = 1
        while name in used:
            count += 1
            name = f"{base}~{count}"
        used.add(name)
        names[path] = name
    return names


def _tails(paths: list[bytes], depth: int = 1) -> dict[bytes, bytes]:
    """Return the shortest ends of paths that differ from one another."""
    groups: dict[bytes, list[bytes]] = defaultdict(list)
    for path in paths:
        groups[b"/".join(path.lstrip(b"/").split(b"/")[-depth:])].append(path)
    tails: dict[bytes, bytes] = {}
    for tail, group in groups.items():
        if len(group) == 1:
            tails[group[0]] = tail
        else:
            tails |= _tails(group, depth + 1)
    return tails


def _printable(name: bytes) -> str:
    text = name.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
