"""``rpz download``."""

from __future__ import annotations

from pathlib import Path

import click

from rpz.commands.options import as_json, verbosity


@click.command(short_help="Take an output.")
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, metavar="[NAME:FILE]...")
@click.option("--all", "everything", is_flag=True, help="Get all outputs, under their own names.")
@as_json
@verbosity
def command(target: Path, files: tuple[str, ...], *, everything: bool, as_json: bool) -> None:
    """Copy files of the experiment in TARGET out of it.

    NAME is the name of an input or output, an absolute path in the experiment, or a path relative
    to its working folder; FILE is where the copy goes (NAME: is standard output, NAME alone a file
    of that name in the current folder). Without arguments, list the names.
    """
    from rpz.commands.found import found
    from rpz.commands.listing import show_files
    from rpz.unpackers import files as transfers

    state, unpacker = found(target)
    if not files and not everything:
        show_files(state, as_json=as_json)
    if everything:
        transfers.download_all(unpacker, state)
    for text in files:
        transfers.download(unpacker, state, transfers.parse(state, text))
