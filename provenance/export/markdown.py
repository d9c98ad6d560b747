"""Markdown of text that may hold anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SPECIAL = re.compile(r"(^\d+(?=[.)](?:\s|$)))|^(?=[#+=-])|(?=[\\`*_\[\]<>|~&$])")
"""Where a backslash is needed: before signs, and behind the number of a list."""


def plain(text: str) -> str:
    """Return text of one line that means only itself."""
    return SPECIAL.sub(r"\g<0>\\", printable(text))


def code(text: str | bytes) -> str:
    """Return text of one line as code, also in a table."""
    shown = printable(text)
    longest = max(map(len, re.findall(r"`+", shown)), default=0)
    fence, space = "`" * (longest + 1), " " if "`" in shown else ""
    return f"{fence}{space}{shown}{space}{fence}".replace("|", r"\|") if shown else ""


def block(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines of commands."""
    yield from ("```sh", *lines, "```", "")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table of cells that are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
