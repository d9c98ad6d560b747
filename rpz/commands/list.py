"""``rpz list``: the runs of a catalogue, or of packs and traces, that filters fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from rpz.commands.cataloged import catalog_file, looked_at, print_rows, printed, within
from rpz.commands.options import verbosity

if TYPE_CHECKING:
    from pathlib import Path

Function = TypeVar("Function", bound=Any)


def filters(function: Function) -> Function:
    """Add the options that say which runs are meant."""
    for option in reversed(FILTERS):
        function = option(function)
    return function


FILTERS = (
    click.option("--tag", "tags", multiple=True, help="Those with this tag; repeatable."),
    click.option("--project", default="", help="Those of this project."),
    click.option("--since", default="", metavar="DATE", help="Started then or later (ISO 8601)."),
    click.option("--until", default="", metavar="DATE", help="Started before its end."),
    click.option("--program", default="", help="That executed it: a name or path, * and ? in it."),
    click.option("--input", "inputs", multiple=True, metavar="FILE|SHA256", help="That read it."),
    click.option(
        "--output", "outputs", multiple=True, metavar="FILE|SHA256", help="That wrote it."
    ),
    click.option(
        "--where", multiple=True, metavar="NAME=VALUE",
        help="A parameter: gain=2.5, gain>2, gain!=3, method~fft; repeatable.",
    ),
    click.option("--status", default="", help="A number, ok, failed, killed or unknown."),
    click.option("--host", default="", help="On this machine; * and ? in it."),
    click.option("--user", default="", help="By this user; * and ? in it."),
)  # fmt: skip


@click.command(short_help="List runs of the catalogue, or of packs and traces.")
@within
@catalog_file
@filters
@printed
@verbosity
def command(
    within: tuple[Path, ...], file: Path | None, as_json: bool, as_csv: bool, **asked: Any
) -> int:
    """List the runs that all filters fit, the oldest first.

    Of the catalogue, or of what --in names. Where there is no catalogue, of .rpz-trace.
    """
    from rpz.provenance.catalog.filters import Filters
    from rpz.provenance.catalog.rows import runs
    from rpz.provenance.catalog.which import digest_of

    for files in ("inputs", "outputs"):
        asked[files] = [digest_of(name) for name in asked[files]]
    with looked_at(file, within) as (catalog, _, troubled):
        print_rows(runs(catalog, Filters(**asked)), as_json=as_json, as_csv=as_csv)
    return 1 if troubled else 0
