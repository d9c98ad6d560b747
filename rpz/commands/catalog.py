"""``rpz catalog``: remember many runs, to find them again."""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.cataloged import catalog_file, print_rows, printed, told
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import counted, shown, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.catalog.adding import Added
    from rpz.provenance.catalog.database import Catalog
    from rpz.provenance.catalog.places import Place

log = logging.getLogger(__name__)


@click.group(short_help="Remember runs, wherever they are, to find them again.")
@catalog_file
def command(file: Path | None) -> None:
    """Keep a catalogue of runs: one file, $RPZ_CATALOG or the usual one of the user.

    rpz list shows the runs in it, rpz which those that made a file.
    """


def _opened(file: Path | None) -> Catalog:
    from rpz.provenance.catalog.database import Catalog, usual_catalog

    return Catalog.open(file or usual_catalog())


@command.command("add", short_help="Take in packs and traces.")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@catalog_file
@verbosity
def add_command(paths: tuple[Path, ...], file: Path | None) -> int:
    """Take in the runs of packs and trace folders, and of those in other folders.

    What is known already is taken in again without harm. Secrets stay out.
    """
    from rpz.provenance.catalog.adding import add
    from rpz.provenance.catalog.database import Catalog, usual_catalog

    troubled = 0
    with Catalog.create(file or usual_catalog()) as catalog:
        for added in add(catalog, paths):
            if told(added):
                _tell(added)
            else:
                troubled += 1
    return 1 if troubled else 0


def _tell(added: Added) -> None:
    known = f", {added.known} known already" if added.known else ""
    log.info("%s: %s added%s", shown_path(added.path), counted(added.new, "run"), known)
    for path in added.moved:
        log.info("%s is gone: what was there is now here", shown_path(path))
    if added.unhashed:
        log.warning(
            "%s: %s without digests (rpz trace --no-hash): no file is found by content",
            shown_path(added.path),
            counted(added.unhashed, "run"),
        )


@command.command("list", short_help="List the packs and traces in the catalogue.")
@catalog_file
@as_json
@verbosity
def list_command(file: Path | None, as_json: bool) -> None:
    """List the packs and trace folders, how many runs each has, and whether it is still there."""
    from rpz.provenance.catalog.places import places

    with _opened(file) as catalog:
        found: dict[tuple[str, Path], list[Place]] = defaultdict(list)
        for place in places(catalog):
            found[place.host, place.path].append(place)
    if as_json:
        click.echo(json.dumps([_json(some) for some in found.values()], indent=1))
        return
    for some in found.values():
        click.echo("  ".join(_cells(some)))


def _cells(some: list[Place]) -> Iterator[str]:
    first = some[0]
    yield f"{first.kind:<5}"
    yield f"{counted(len(some), 'run'):>8}"
    yield f"{first.condition.value:<9}"
    yield f"{shown(first.host)}:{shown_path(first.path)}"


def _json(some: list[Place]) -> dict[str, Any]:
    first = some[0]
    return {
        "path": os.fspath(first.path),
        "host": first.host,
        "kind": first.kind,
        "condition": first.condition.value,
        "runs": [{"number": place.number, "name": place.name} for place in some],
    }


@command.command("search", short_help="List the runs of which words tell.")
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@catalog_file
@printed
@verbosity
def search_command(words: tuple[str, ...], file: Path | None, as_json: bool, as_csv: bool) -> None:
    """List the runs in which each WORD is somewhere: in the command, names, comments, files."""
    from rpz.provenance.catalog.filters import Filters
    from rpz.provenance.catalog.rows import runs

    with _opened(file) as catalog:
        print_rows(runs(catalog, Filters(words=words)), as_json=as_json, as_csv=as_csv)


@command.command("remove", short_help="Take runs, packs and traces out of the catalogue.")
@click.argument("what", nargs=-1, metavar="[PATH|ID]...")
@click.option("--gone", is_flag=True, help="Those places of this machine where nothing is.")
@catalog_file
@verbosity
def remove_command(what: tuple[str, ...], gone: bool, file: Path | None) -> None:
    """Take places out, with the runs that are nowhere else; or runs, by how their ids begin.

    The packs and traces themselves stay.
    """
    from rpz.provenance.catalog import removing
    from rpz.provenance.catalog.places import places

    if not what and not gone:
        raise click.UsageError("Name a place or a run, or say --gone.")
    with _opened(file) as catalog:
        paths = {Path(name).resolve() for name in what}
        some = [place for place in places(catalog) if place.path in paths]
        some += removing.gone(catalog) if gone else []
        known = {place.path for place in some}
        ids = [name for name in what if Path(name).resolve() not in known]
        count = removing.remove_places(catalog, some) if some else 0
        count += removing.remove_runs(catalog, ids) if ids else 0
    log.info("%s and %s taken out", counted(len(some), "place"), counted(count, "run"))
