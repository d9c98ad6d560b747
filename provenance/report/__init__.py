"""A page on one run or two, to be looked at in a browser (``docs/report.md``).

:func:`write_report` is all that others need. The page is one file, which loads nothing: its
template, style and scripts are in ``page/``, its data are JSON in it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from rpz.packer.atomic import replaced_file
from rpz.provenance.comparison import advice, compared
from rpz.provenance.diff import diff
from rpz.provenance.diff.inputs import unrecorded
from rpz.provenance.report.clean import clean
from rpz.provenance.report.differences import differences_document
from rpz.provenance.report.html import MARK, page
from rpz.provenance.report.run import run_document
from rpz.provenance.source import SourceError, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rpz.provenance.report.clean import Clean

SUFFIXES = (".html", ".htm")


def write_report(
    target: Path, names: Sequence[str], maps: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Write a page on one run, or on two and what differs between them.

    ``names`` are ``TRACE`` or ``PACK``, each with ``:RUN``; ``maps`` are folders of the first run,
    and how they are called in the second. An earlier page of ours is replaced.

    Raises:
        SourceError: ``target`` is called as no page, or is another file already.
        RpzError: a run isn't there, or can't be read.

    """
    check_target(target)
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(clean(name)) for name in names]
        document: dict[str, Any] = {"runs": [_run(side) for side in sides]}
        if len(sides) > 1:
            document["comparison"] = _comparison(sides[0], sides[1], maps)
    with replaced_file(target) as file:
        for piece in page(document):
            file.write(piece)


def check_target(target: Path) -> None:
    """See that a page may be written there.

    Raises:
        SourceError: it may not.

    """
    if target.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{target} is no name of a page", "Give a name that ends in .html")
    if not target.exists():
        return
    with target.open("rb") as file:
        if file.read(len(MARK)) != MARK:
            raise SourceError(
                f"{target} exists, and is no report of rpz's", "Choose another name, or remove it"
            )


def _run(side: Clean) -> dict[str, Any]:
    with opened(side.opened) as source:
        return run_document(source, side)


def _comparison(one: Clean, other: Clean, maps: Sequence[tuple[bytes, bytes]]) -> dict[str, Any]:
    with compared(one.opened, other.opened, maps) as sides:
        gaps = any(side.gaps for side in sides)
        return differences_document(
            diff(*sides),
            unrecorded(*sides),
            advice(*sides),
            gaps=gaps,
            secrets=(one.secrets, other.secrets),
        )
