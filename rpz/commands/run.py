"""``rpz run``."""

from __future__ import annotations

from pathlib import Path

import click

from rpz import unpackers
from rpz.commands.options import StatusCommand, verbosity


@click.command(cls=StatusCommand, short_help="Run the experiment again.")
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@verbosity
def command(target: Path, runs: tuple[str, ...]) -> int:
    """Run the experiment in TARGET again: each RUN (an index or id), or all of them in order.

    The exit status is that of the last program: its own, or 128 + N when signal N killed it; 125
    when rpz fails, 126 and 127 when the program can't be executed or found. A run that ends
    otherwise than it did when it was traced is told.
    """
    from rpz.unpackers.replay import replay
    from rpz.unpackers.selection import chosen
    from rpz.unpackers.target import read

    state = read(target)
    return replay(unpackers.load(state.unpacker), state, chosen(state.runs, runs))
