"""Which entries a pattern fits."""

from __future__ import annotations

import fnmatch
import posixpath
from typing import TYPE_CHECKING

from rpaths import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.packer.archive.manifest import Entry


def fitting(entries: Iterable[Entry], glob: str | None) -> Iterator[Entry]:
    """Yield the entries whose path a pattern fits; without a slash, whose last part. None: all."""
    if glob is None:
        yield from entries
        return
    name = glob.encode("utf-8", "surrogateescape")
    if "/" not in glob:
        yield from (e for e in entries if fnmatch.fnmatchcase(posixpath.basename(e.path), name))
        return
    pattern = Pattern("/" + glob.lstrip("/"))
    yield from (e for e in entries if pattern.matches(e.path))
