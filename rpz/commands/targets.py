"""``rpz targets``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from rpz.commands.options import as_json, verbosity
from rpz.commands.text import shown_command, shown_path

if TYPE_CHECKING:
    from rpz.unpackers.registry import Known


@click.command(short_help="List what was unpacked, and where.")
@as_json
@verbosity
def command(*, as_json: bool) -> None:
    """List the targets that you have unpacked: where, with what, when, from which pack.

    One that was moved is found again when a command is given its new place. One that was moved or
    removed by hand is told once, and then forgotten.
    """
    from rpz.unpackers.registry import known

    targets = list(known())
    if as_json:
        click.echo(json.dumps([_row(target) for target in targets], indent=2))
        return
    for target in targets:
        click.echo(_line(target))


def _row(known: Known) -> dict[str, object]:
    target = known.target
    return {
        "folder": str(target.folder),
        "state": known.condition.value,
        "backend": target.unpacker,
        "created": target.created,
        "pack": None if target.pack is None else str(target.pack),
        "pack_id": target.pack_id,
        "runs": [run.id for run in target.runs],
        "data": dict(target.data),
    }


def _line(known: Known) -> str:
    target = known.target
    pack = "" if target.pack is None else shown_path(target.pack)
    words = [f"{known.condition.value:6}", f"{target.unpacker:10}", target.created[:16]]
    line = "  ".join([*words, shown_path(target.folder), f"({pack})"])
    if known.leaves_behind:
        how = shown_command(["rpz", "destroy", str(target.folder)])
        line += f"\n        what it has made elsewhere is still there: {how}"
    return line
