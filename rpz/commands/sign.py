"""``rpz sign``: say with a key that a pack is ours."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from rpz.commands.options import verbosity
from rpz.commands.text import shown_path

log = logging.getLogger(__name__)


@click.command(short_help="Sign a pack with a key.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The key: of SSH, or the secret key of minisign; else git's or the usual one.",
)
@click.option(
    "--tool",
    type=click.Choice(["ssh", "minisign"]),
    help="What signs, if the key doesn't tell; ssh without a key.",
)
@click.option("--overwrite", is_flag=True, help="Replace PACK.sig if it exists.")
@click.argument("pack", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@verbosity
def command(pack: Path, key: Path | None, tool: str | None, overwrite: bool) -> None:
    """Sign PACK, and all that is in it, with a key of SSH or minisign: PACK.sig is written."""
    from rpz.provenance.signatures.signing import sign_pack

    target = sign_pack(pack, key=key, tool=tool or "", overwrite=overwrite)
    log.info("Signed: %s", shown_path(target))
