"""``rpz push``: a pack into a registry."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from rpz.commands.options import plain_http, tries, verbosity
from rpz.commands.progress import progress_bar
from rpz.commands.text import shown, shown_path

log = logging.getLogger(__name__)


@click.command(short_help="Bring a pack into a registry.")
@plain_http
@tries
@click.option("--overwrite", is_flag=True, help="Have the tag name PACK if it is something else.")
@click.argument("pack", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("place", metavar="oci://HOST/NAME[:TAG]")
@verbosity
def command(pack: Path, place: str, overwrite: bool, plain_http: bool, tries: int) -> None:
    """Store PACK in a registry as an OCI artefact, with what makes a crate of it attached.

    PACK.sig is attached, too. The registry's name and password are those of `docker login`. Prints
    what is stored, by its digest.
    """
    from rpz.provenance.artefact.packs import push
    from rpz.provenance.artefact.reference import reference
    from rpz.provenance.artefact.registry import Registry
    from rpz.provenance.web.patience import Patience

    where = reference(place)
    if where.is_digest:
        raise click.UsageError("Give a tag: the digest follows from the pack.")
    registry = Registry(where, Patience(tries), plain=plain_http, actions="pull,push")
    with progress_bar("Pushing") as begin:
        pushed = push(registry, pack, begin, overwrite=overwrite)
    for name in pushed.attached:
        log.debug("%s is attached", shown(name))
    log.info("%s is at %s", shown_path(pack), where)
    click.echo(f"oci://{where.host}/{where.name}@{pushed.digest}")
