"""``rpz suspend``."""

from __future__ import annotations

from pathlib import Path

import click

from rpz import unpackers
from rpz.commands.options import verbosity


@click.command(short_help="Let the machine of a target rest.")
@click.argument("target", type=click.Path(path_type=Path))
@verbosity
def command(target: Path) -> None:
    """Suspend the virtual machine of TARGET; the next command that needs it resumes it."""
    from rpz.unpackers.target import read

    state = read(target)
    unpackers.machine_of(state).suspend(state)
