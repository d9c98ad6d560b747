"""``rpz diff``: what differs between two runs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.looking import in_usual_trace, tell
from rpz.commands.options import StatusCommand, as_json, verbosity
from rpz.commands.text import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff import Section
    from rpz.provenance.diff.difference import Difference

log = logging.getLogger(__name__)

SAME, DIFFERENT, TROUBLE = 0, 1, 2
SHOWN = 12
"""Differences of a kind that are shown without ``--all``."""
LINES = 20
"""Lines of detail likewise."""
LONGEST = 300
"""Characters of a value likewise."""


class DiffCommand(StatusCommand):
    """A command whose failures have the exit status 2: 1 says that something differs."""

    own_failure = TROUBLE


maps = click.option(
    "--map", "maps", multiple=True, metavar="/ONE=/OTHER", help="A folder that has another name."
)


@click.command(cls=DiffCommand, short_help="Say what differs between two runs.")
@click.argument("one", metavar="[TRACE|PACK][:RUN]", callback=in_usual_trace)
@click.argument("other", metavar="[TRACE|PACK][:RUN]", callback=in_usual_trace)
@maps
@click.option(
    "--all", "everything", is_flag=True, help="Show all differences, and what is the same."
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Also make a page to look at, with both runs (as rpz report).",
)
@as_json
@verbosity
def command(
    one: str,
    other: str,
    maps: tuple[str, ...],
    everything: bool,
    page: Path | None,
    as_json: bool,
) -> int:
    """Say what differs between two runs, the likeliest cause of other results first.

    Home folders and random names of temporary files count as the same; process numbers, times and
    caches don't count. Exits with 0 when nothing differs, 1 when something does, 2 on trouble.
    """
    from rpz.provenance.comparison import advice, compared, map_of
    from rpz.provenance.diff import diff
    from rpz.provenance.diff.inputs import unrecorded

    folders = [map_of(text) for text in maps]
    if page is not None:
        from rpz.provenance.report import write_report

        write_report(page, (one, other), folders)
    with compared(one, other, folders) as sides:
        sections = diff(*sides)
        missing = unrecorded(*sides)
        gaps = [gap for side in sides for gap in side.gaps]
        hint = advice(*sides)
    tell(gaps)
    if as_json:
        found: dict[str, list[Any]] = {section.title: _json(section) for section in sections}
        click.echo(json.dumps({**found, "unknown": gaps}, indent=1))
    else:
        for line in _lines(sections, everything, missing, gaps=bool(gaps)):
            click.echo(line)
        if hint:
            log.info("%s", shown(hint))
    return DIFFERENT if any(section.differences for section in sections) else SAME


def _lines(sections: list[Section], everything: bool, missing: int, *, gaps: bool) -> Iterator[str]:
    for section in sections:
        if section.differences or everything:
            same = "" if section.differences else "  (the same)"
            yield f"{section.title}{same}"
        shown_ones = section.differences if everything else section.differences[:SHOWN]
        for difference in shown_ones:
            yield from _difference(difference, everything)
        if len(shown_ones) < len(section.differences):
            yield f"  and {len(section.differences) - len(shown_ones)} more (--all shows them)"
    if not any(section.differences for section in sections):
        yield _same(missing, gaps=gaps)


def _same(missing: int, *, gaps: bool) -> str:
    if missing:
        inputs = counted(missing, "input")
        return f"Nothing differs that the traces tell; of {inputs} they don't tell the content."
    return "Nothing differs that the traces tell." if gaps else "The runs are the same."


def _difference(difference: Difference, everything: bool) -> Iterator[str]:
    name = difference.name if everything else _shortened(difference.name)
    yield f"  {shown(name)}"
    for sign, value in (("-", difference.one), ("+", difference.other)):
        if value is not None:
            yield f"    {sign} {shown(value if everything else _shortened(value))}"
    lines = difference.detail.splitlines()
    kept = lines if everything else lines[:LINES]
    yield from (f"      {shown(line)}" for line in kept)
    if len(kept) < len(lines):
        yield f"      and {len(lines) - len(kept)} lines more"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _json(section: Section) -> list[dict[str, str | None]]:
    return [
        {"name": d.name, "one": d.one, "other": d.other, "detail": d.detail}
        for d in section.differences
    ]
