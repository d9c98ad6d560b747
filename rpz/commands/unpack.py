"""``rpz unpack``."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from rpz import unpackers
from rpz.commands.options import limit_size, verbosity
from rpz.commands.text import shown_command, shown_path

log = logging.getLogger(__name__)


OTHERS = 0o007
"""What a mode allows to others."""


class UnpackCommand(click.Command):
    """A command whose help lists the unpackers."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each unpacker's name and summary."""
        with formatter.section("Unpackers"):
            formatter.write_dl([(name, unpackers.summary(name)) for name in unpackers.UNPACKERS])
        super().format_epilog(ctx, formatter)


@click.command(cls=UnpackCommand, short_help="Bring a pack to life as TARGET.")
@click.argument("unpacker", type=click.Choice(list(unpackers.UNPACKERS)))
@click.argument("pack", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@limit_size
@verbosity
def command(unpacker: str, pack: Path, target: Path, limit: int | None) -> None:
    """Unpack the experiment in PACK as the new folder TARGET, ready to run."""
    from rpz.packer.archive.reader import Pack

    with Pack.open(pack, limit) as opened:
        unpackers.load(unpacker).unpack(opened, target)
    if not target.stat().st_mode & OTHERS:
        log.info("It has set-user-ID programs: only root can enter %s", shown_path(target))
    again = shown_command(["rpz", "run", os.fspath(target)])
    log.info("%s is ready. Run it: %s", shown_path(target), again)
