"""``rpz pull``: a pack out of a registry."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import plain_http, tries, verbosity
from rpz.commands.progress import progress_bar
from rpz.commands.text import shown_path

if TYPE_CHECKING:
    from rpz.provenance.artefact.reference import Reference

log = logging.getLogger(__name__)


@click.command(short_help="Take a pack out of a registry.")
@plain_http
@tries
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
@click.argument("place", metavar="oci://HOST/NAME[:TAG|@DIGEST]")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@verbosity
def command(place: str, file: Path | None, overwrite: bool, plain_http: bool, tries: int) -> None:
    """Write the pack of a registry to FILE, or to the name that it had.

    What arrives is checked against its SHA-256. A pull that was cut off goes on when the command is
    given again.
    """
    from rpz.errors import RpzError
    from rpz.provenance.artefact.packs import find
    from rpz.provenance.artefact.pulling import Pull
    from rpz.provenance.artefact.reference import reference
    from rpz.provenance.artefact.registry import Registry
    from rpz.provenance.web.patience import Patience

    where = reference(place)
    registry = Registry(where, Patience(tries), plain=plain_http)
    found = find(registry)
    file = file or Path(_name(found.title, where))
    exists = RpzError(f"{file} exists already", "Choose another FILE, or --overwrite")
    if os.path.lexists(file) and not overwrite:
        raise exists
    try:
        with progress_bar("Pulling") as begin:
            Pull(registry, found, file).fetch(begin, overwrite=overwrite)
    except FileExistsError:
        raise exists from None
    log.info("%s is here", shown_path(file))


def _name(title: str, where: Reference) -> str:
    """Return the name that a pack had, unless it would lead elsewhere or hide."""
    plain = Path(title).name == title and title.isprintable() and title[:1].isalnum()
    return title if plain else f"{where.name.rpartition('/')[2]}.rpz"
