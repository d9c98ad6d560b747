"""``rpz resume``."""

from __future__ import annotations

from pathlib import Path

import click

from rpz import unpackers
from rpz.commands.options import verbosity


@click.command(short_help="Wake the machine of a target.")
@click.argument("target", type=click.Path(path_type=Path))
@verbosity
def command(target: Path) -> None:
    """Resume, or start, the virtual machine of TARGET, so that the next run doesn't wait for it."""
    from rpz.unpackers.target import read

    state = read(target)
    unpackers.machine_of(state).resume(state)
