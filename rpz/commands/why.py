"""``rpz why``: the inputs that made an output differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.diff import DIFFERENT, SAME, DiffCommand, maps
from rpz.commands.looking import in_usual_trace, tell, text
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import shown, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.why import Answer, Cause

MOST = 10
BEFORE_OUTPUTS = ("code", "parameters", "packages", "environment", "host", "chance")
"""Kinds of differences that can be a cause without being a file that was read."""


@click.command(cls=DiffCommand, short_help="Say why an output of two runs differs.")
@click.argument("one", metavar="[TRACE|PACK][:RUN]", callback=in_usual_trace)
@click.argument("other", metavar="[TRACE|PACK][:RUN]", callback=in_usual_trace)
@click.argument("file")
@maps
@as_json
@verbosity
def command(one: str, other: str, file: str, maps: tuple[str, ...], as_json: bool) -> int:
    """Walk back from FILE, which both runs wrote, to the first inputs on the way that differ.

    FILE is its path, or its name if that is enough. Exits with 0 when it is the same in both, 1
    when it differs, 2 on trouble.
    """
    from rpz.provenance.comparison import compared, map_of
    from rpz.provenance.diff import diff
    from rpz.provenance.diff.chance import sources
    from rpz.provenance.why import why

    with compared(one, other, [map_of(folder) for folder in maps]) as sides:
        gaps = [gap for side in sides for gap in side.gaps]
        answer = why(*sides, file)
        others: dict[str, list[Difference]] = {}
        chance = {**sources(sides[0]), **sources(sides[1])}
        if answer.differs:
            sections = diff(*sides, BEFORE_OUTPUTS)
            others = {section.title: list(section.differences) for section in sections}
    tell(gaps)
    if as_json:
        click.echo(json.dumps({**_json(answer, others), "unknown": gaps}, indent=1))
    else:
        for line in _lines(answer, others):
            click.echo(line)
        if answer.differs and not answer.causes and not any(others.values()):
            for kind, found in chance.items():
                click.echo(f"It may be chance: {kind}: {shown(found)}")
    return DIFFERENT if answer.differs else SAME


def _lines(answer: Answer, others: dict[str, list[Difference]]) -> Iterator[str]:
    if not answer.differs:
        yield f"{shown_path(answer.path)} is the same in both runs."
        return
    if answer.known:
        yield f"{shown_path(answer.path)} differs."
    else:
        yield f"What {shown_path(answer.path)} held isn't recorded; it may differ."
    for cause in answer.causes[:MOST]:
        yield from _cause_lines(cause, answer)
    if len(answer.causes) > MOST:
        yield f"and {len(answer.causes) - MOST} more inputs that differ (--json has all)"
    if not answer.causes:
        yield "No input on the way to it differs."
    for kind, differences in others.items():
        for difference in differences[:MOST]:
            values = " -> ".join(shown(v or "nothing") for v in (difference.one, difference.other))
            yield f"{kind}: {shown(difference.name)}: {values}"


def _cause_lines(cause: Cause, answer: Answer) -> Iterator[str]:
    of = f" of {shown(cause.package)}" if cause.package else ""
    yield f"{shown_path(cause.path)}{of} differs, too"
    yield f"  - {cause.one or 'not read'}"
    yield f"  + {cause.other or 'not read'}"
    for step in reversed(cause.way[:-1]):
        commands = ", ".join(answer.commands.get(number, "?") for number in step.writers)
        yield f"  -> {shown(commands)} -> {shown_path(step.path)}"


def _json(answer: Answer, others: dict[str, list[Difference]]) -> dict[str, Any]:
    return {
        "file": text(answer.path),
        "differs": answer.differs if answer.known else None,
        "causes": [
            {
                "file": text(cause.path),
                "one": cause.one,
                "other": cause.other,
                "package": cause.package or None,
                "way": [
                    {
                        "file": text(step.path),
                        "written_by": [answer.commands.get(n, "") for n in step.writers],
                    }
                    for step in cause.way
                ],
            }
            for cause in answer.causes
        ],
        **{
            kind: [{"name": d.name, "one": d.one, "other": d.other} for d in differences]
            for kind, differences in others.items()
        },
    }
