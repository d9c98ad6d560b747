"""``rpz destroy``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from rpz import unpackers
from rpz.commands.options import verbosity


@click.command(short_help="Remove what was unpacked.")
@click.argument("target", type=click.Path(path_type=Path))
@verbosity
def command(target: Path) -> None:
    """Remove TARGET and everything that was made for it.

    Of a target whose folder was removed by hand, that is what it has made elsewhere.
    """
    from rpz.unpackers import registry
    from rpz.unpackers.target import read

    folder = target.resolve()  # TARGET may be "." or a link, which can't be removed as such
    state = None if os.path.lexists(folder) else registry.noted(folder)
    state = state or read(folder)
    unpackers.load(state.unpacker).destroy(state)
    registry.forget(folder)
