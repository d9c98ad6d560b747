"""``rpz report``: a page to look at, on one run or two."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from rpz.commands.diff import maps
from rpz.commands.looking import in_usual_trace
from rpz.commands.options import DEFAULT_TRACE_DIR, verbosity
from rpz.commands.text import shown_path

log = logging.getLogger(__name__)

MOST = 3
"""Arguments: two runs and the page."""


@click.command(short_help="Make a page to look at, on one run or two.")
@click.argument(
    "arguments", nargs=-1, required=True, metavar="[TRACE|PACK][:RUN] [OTHER] FILE.html"
)
@maps
@verbosity
@click.pass_context
def command(ctx: click.Context, arguments: tuple[str, ...], maps: tuple[str, ...]) -> None:
    """Make a page to look at in a browser, on a run, or on two and what differs between them.

    The page is one file that loads nothing: it can be mailed or put on a web server. What looks
    like a secret is left out of it, as of packs. Without RUN, of the last run.
    """
    from rpz.provenance.comparison import map_of
    from rpz.provenance.report import write_report

    *names, target = arguments
    if len(arguments) > MOST:
        raise click.UsageError("A page is on one run or two: name those, and the page.")
    sources = [in_usual_trace(ctx, ctx.command.params[0], name) for name in names]
    write_report(Path(target), sources or [str(DEFAULT_TRACE_DIR)], [map_of(m) for m in maps])
    log.info("Look at %s", shown_path(target))
