"""``rpz env``: the environment of a run."""

from __future__ import annotations

import json

import click

from rpz.commands.looking import source, text
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import shown


@click.command(short_help="Show the environment of a run.")
@source
@as_json
@verbosity
def command(source: str, as_json: bool) -> None:
    """Show the variables that a run was started with. Without RUN, the last run's."""
    from rpz.provenance.source import opened
    from rpz.tracer.rows import ExecutionRow

    with opened(source) as found:
        first = next(found.database.rows(ExecutionRow, "run_id = ?", found.run.id), None)
    entries = sorted(first.envp.split(b"\0")[:-1]) if first is not None else []
    if as_json:
        variables = dict(e.split(b"=", 1) for e in entries if b"=" in e)
        click.echo(json.dumps({text(k): text(v) for k, v in variables.items()}, indent=1))
        return
    for entry in entries:
        click.echo(shown(text(entry)))
