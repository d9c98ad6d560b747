"""``rpz unpack``."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz import unpackers
from rpz.commands.options import limit_size, verbosity
from rpz.commands.text import shown, shown_command, shown_path
from rpz.unpackers.choices import Takes

if TYPE_CHECKING:
    from rpz.unpackers.choices import Choice, Choices

log = logging.getLogger(__name__)


OTHERS = 0o007
"""What a mode allows to others."""


class UnpackCommand(click.Group):
    """A command for each unpacker, made when it is needed: with the options that are its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the unpackers, the simplest first."""
        del ctx
        return list(unpackers.UNPACKERS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command that unpacks with one unpacker."""
        del ctx
        if cmd_name not in unpackers.UNPACKERS:
            known = ", ".join(unpackers.UNPACKERS)
            raise click.UsageError(f"There is no unpacker {shown(cmd_name)}. There are: {known}.")
        return _command(cmd_name)


@click.command(
    cls=UnpackCommand,
    short_help="Bring a pack to life as TARGET.",
    subcommand_metavar="BACKEND PACK TARGET [OPTION]...",
)
def command() -> None:
    """Unpack the experiment in PACK as the new folder TARGET, ready to run.

    `rpz unpack BACKEND --help` has the options of a backend.
    """


def _command(name: str) -> click.Command:
    """Return ``rpz unpack NAME``."""

    @click.argument("pack", type=click.Path(path_type=Path))
    @click.argument("target", type=click.Path(path_type=Path))
    @limit_size
    @verbosity
    def unpack(pack: Path, target: Path, limit: int | None, **chosen: Any) -> None:
        choices = {key.replace("_", "-"): value for key, value in chosen.items() if value}
        _unpack(name, pack, limit, target, choices)

    for choice in reversed(unpackers.load(name).CHOICES):
        unpack = _option(choice)(unpack)
    summary = unpackers.summary(name)
    return click.command(name, short_help=summary, help=summary)(unpack)


def _option(choice: Choice) -> Any:
    if choice.takes is Takes.NOTHING:
        return click.option(f"--{choice.name}", is_flag=True, help=choice.help)
    many = choice.takes is Takes.TEXTS
    return click.option(f"--{choice.name}", multiple=many, metavar=choice.metavar, help=choice.help)


def _unpack(name: str, pack: Path, limit: int | None, target: Path, choices: Choices) -> None:
    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.registry import remember

    with Pack.open(pack, limit) as opened:
        made = unpackers.load(name).unpack(opened, target, choices)
    if made is None:
        log.info("%s is ready", shown_path(target))
        return
    remember(made)
    if not target.stat().st_mode & OTHERS:
        log.info("Only root can enter %s: runs can make set-user-ID programs", shown_path(target))
    again = shown_command(["rpz", "run", os.fspath(target)])
    log.info("%s is ready. Run it: %s", shown_path(target), again)
