"""A short diff of two texts."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GREATEST = 1 << 18
"""Bytes of a text that is still diffed; the time it takes grows faster than that."""
LINES = 4000
SHOWN = 10


def short_diff(recorded: Path, replayed: Path) -> tuple[str, ...]:
    """Return the first lines in which two small texts differ, as ``-`` and ``+``."""
    texts = [_lines(path) for path in (recorded, replayed)]
    if texts[0] is None or texts[1] is None:
        return ()
    diff = difflib.unified_diff(texts[0], texts[1], n=0, lineterm="")
    lines = list(islice((line for line in diff if not line.startswith(("---", "+++"))), SHOWN + 1))
    return (*lines[:SHOWN], "...") if len(lines) > SHOWN else tuple(lines)


def _lines(path: Path) -> list[str] | None:
    """Return a file's lines; None: it is great, or no text."""
    if path.stat().st_size > GREATEST:
        return None
    data = path.read_bytes()
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    return None if b"\0" in data or len(lines) > LINES else lines
