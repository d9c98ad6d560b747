"""Two runs, opened to be compared."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.provenance.diff.side import Side
from rpz.provenance.held import Held
from rpz.provenance.source import SourceError, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.source import Source


@contextlib.contextmanager
def compared(
    one: str, other: str, maps: Sequence[tuple[bytes, bytes]] = ()
) -> Iterator[tuple[Side, Side]]:
    """Open two runs (``TRACE``, ``PACK``, each with ``:RUN``) side by side.

    ``maps`` are folders of the first run, and how they are called in the second; home folders are
    mapped by themselves.

    Raises:
        RpzError: one of them isn't there, or can't be read.

    """
    with (
        opened(one, contents=True) as first,
        opened(other, contents=True) as second,
        tempfile.TemporaryDirectory(prefix="rpz-") as scratch,
    ):
        held = Held((first, second), Path(scratch))
        ours, theirs = _side(first), _side(second)
        home = [(ours.home(), theirs.home())] if ours.home() and theirs.home() else []
        both = [(a, b) for a, b in [*maps, *home] if a != b]
        ours = replace(ours, maps=both)
        shared = ours.names & theirs.names
        ours, theirs = (replace(side, shared=shared, held=held) for side in (ours, theirs))
        yield ours, theirs


def _side(source: Source) -> Side:
    return Side(source.database, source.run, source.packages, gaps=tuple(source.gaps))


def advice(one: Side, other: Side) -> str:
    """Return how to take the runs' folders for one, if they are called otherwise; else ``""``."""
    if one.mapped(one.run.workingdir) == other.mapped(other.run.workingdir):
        return ""
    ours, theirs = (side.run.workingdir.decode(errors="backslashreplace") for side in (one, other))
    return f"To take the runs' folders for one: --map {shlex.quote(f'{ours}={theirs}')}"


def map_of(text: str) -> tuple[bytes, bytes]:
    """Return what ``A=B`` maps.

    Raises:
        SourceError: it isn't that.

    """
    one, equals, other = text.encode("utf-8", "surrogateescape").partition(b"=")
    if not (equals and one.startswith(b"/") and other.startswith(b"/")):
        raise SourceError(f"{text} maps no folder to another", "Write --map /one/folder=/other")
    return one.rstrip(b"/"), other.rstrip(b"/")
