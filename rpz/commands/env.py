"""``rpz env``: the environment of a run."""

from __future__ import annotations

import json

import click

from rpz.commands.looking import looked_at, source, tell, text, with_secrets
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import shown


@click.command(short_help="Show the environment of a run.")
@source
@with_secrets
@as_json
@verbosity
def command(source: str, as_json: bool, secrets: bool) -> None:
    """Show the variables that a run was started with. Without RUN, the last run's."""
    from rpz.tracer.fields import items_of, variables_of
    from rpz.tracer.rows import ExecutionRow

    with looked_at(source, secrets=secrets) as found:
        tell(found.gaps)
        first = next(found.database.rows(ExecutionRow, "run_id = ?", found.run.id), None)
    environment = first.envp if first is not None else b""
    if as_json:
        variables = sorted(variables_of(environment).items())
        click.echo(json.dumps({text(name): text(value) for name, value in variables}, indent=1))
        return
    for entry in sorted(items_of(environment)):
        click.echo(shown(text(entry)))
