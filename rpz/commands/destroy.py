"""``rpz destroy``."""

from __future__ import annotations

from pathlib import Path

import click

from rpz import unpackers
from rpz.commands.options import verbosity


@click.command(short_help="Remove what was unpacked.")
@click.argument("target", type=click.Path(path_type=Path))
@verbosity
def command(target: Path) -> None:
    """Remove TARGET and everything that was made for it."""
    from rpz.unpackers.target import read

    state = read(target.resolve())  # TARGET may be "." or a link, which can't be removed as such
    unpackers.load(state.unpacker).destroy(state)
