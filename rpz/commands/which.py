"""``rpz which``: the runs that wrote or read a file, found by what is in it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.cataloged import catalog_file, end_of, looked_at, when, within
from rpz.commands.options import StatusCommand, as_json, verbosity
from rpz.commands.text import counted, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.provenance.catalog.which import Use

log = logging.getLogger(__name__)
FOUND, NONE, TROUBLE = 0, 1, 2


class WhichCommand(StatusCommand):
    """A command whose failures have the exit status 2: 1 says that nothing was found."""

    own_failure = TROUBLE


@click.command(cls=WhichCommand, short_help="Say which runs wrote or read a file.")
@click.argument("files", nargs=-1, required=True, metavar="FILE|SHA256...")
@within
@catalog_file
@as_json
@verbosity
def command(
    files: tuple[str, ...], within: tuple[Path, ...], file: Path | None, as_json: bool
) -> int:
    """Say which runs wrote or read FILE, whatever it is called now: by its SHA-256.

    Looked for in the catalogue, or in what --in names. Where there is no catalogue, in .rpz-trace.
    Exits with 0 when there is a run for each FILE, 1 when for one there is none, 2 on trouble.
    """
    from rpz.provenance.catalog.which import digest_of, unhashed, uses

    digests = {name: digest_of(name) for name in files}
    with looked_at(file, within) as (catalog, where, troubled):
        found = {name: uses(catalog, digest) for name, digest in digests.items()}
        unknown = unhashed(catalog)
    if as_json:
        click.echo(json.dumps([_json(n, digests[n], some) for n, some in found.items()], indent=1))
    else:
        for line in _lines(found, digests, where):
            click.echo(line)
    if all(found.values()):
        return FOUND
    if unknown:
        log.warning(
            "Of %s nothing is known by content (rpz trace --no-hash)", counted(unknown, "run")
        )
    if not within:
        log.info("What isn't there yet: rpz catalog add PATH, or rpz which --in PATH")
    return TROUBLE if troubled else NONE


def _lines(found: dict[str, list[Use]], digests: dict[str, str], where: str) -> Iterator[str]:
    for name, some in found.items():
        if not some:
            yield f"{shown(name)}: no run in {where} wrote or read it (SHA-256 {digests[name]})"
        elif name.lower() != digests[name]:
            yield f"{shown(name)} (SHA-256 {digests[name]})"
        else:
            yield f"SHA-256 {digests[name]}"
        for use in some:
            yield from _use(use)


def _use(use: Use) -> Iterator[str]:
    run = use.run
    status = f"ended with {end_of(run)}" if run["signal"] is None else f"killed by {end_of(run)}"
    yield f"  {use.role} by {run['id']} as {shown(use.name)}"
    yield f"    {shown(run['command'])}"
    yield f"    {when(run)} on {shown(run['host'])}, {status}"
    for place in run["places"]:
        yield f"    in {shown(place)}"
    for place in run["gone"]:
        yield f"    was in {shown(place)}, which is gone"


def _json(name: str, digest: str, some: list[Use]) -> dict[str, Any]:
    return {
        "file": name,
        "sha256": digest,
        "uses": [{"role": use.role, "name": use.name, "run": use.run} for use in some],
    }
