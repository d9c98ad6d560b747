"""``rpz upload``."""

from __future__ import annotations

from pathlib import Path

import click

from rpz.commands.options import as_json, verbosity


@click.command(short_help="Give the experiment another input.")
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, metavar="[NAME:FILE]...")
@as_json
@verbosity
def command(target: Path, files: tuple[str, ...], *, as_json: bool) -> None:
    """Replace files of the experiment in TARGET.

    NAME is the name of an input or output, an absolute path in the experiment, or a path relative
    to its working folder; FILE is what takes its place. Without arguments, list the names.
    """
    from rpz.commands.found import found
    from rpz.commands.listing import show_files
    from rpz.unpackers import files as transfers

    state, unpacker = found(target)
    if not files:
        show_files(state, as_json=as_json)
    for text in files:
        transfers.upload(unpacker, state, transfers.parse(state, text))
