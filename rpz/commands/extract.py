"""``rpz extract``: take files out of a pack."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from rpz.commands.options import limit_size, verbosity
from rpz.commands.text import counted, shown_path

log = logging.getLogger(__name__)


@click.command(short_help="Take files out of a pack.")
@click.option(
    "-C",
    "--directory",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where to put them, instead of the current folder.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@limit_size
@verbosity
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
def command(
    folder: Path, overwrite: bool, limit: int | None, pack: Path, paths: tuple[str, ...]
) -> None:
    """Take each PATH out of PACK: a file, or a folder with all that is in it.

    PATH is as "rpz ls" shows it; /home/me/a.csv becomes home/me/a.csv in the current folder.
    """
    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.excerpt import take_out

    with Pack.open(pack, limit) as opened:
        count = take_out(opened, [os.fsencode(path) for path in paths], folder, overwrite=overwrite)
    log.info("Took %s out of %s", counted(count, "file"), shown_path(pack))
