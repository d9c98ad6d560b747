"""``rpz reset``: write config.yml anew, or bring a target back to what was unpacked."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from rpz.commands.options import DEFAULT_TRACE_DIR, verbosity
from rpz.commands.text import shown_path

log = logging.getLogger(__name__)


@click.command(short_help="Undo changes: of config.yml, or of a TARGET's files.")
@click.argument("target", type=click.Path(path_type=Path), required=False)
@click.option(
    "-d",
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"The trace folder.  [default: {DEFAULT_TRACE_DIR}]",
)
@click.option(
    "--pack",
    metavar="PACK",
    type=click.Path(path_type=Path),
    help="Where the pack of TARGET is now, if it was moved.",
)
@verbosity
def command(target: Path | None, folder: Path | None, pack: Path | None) -> None:
    """Bring the files of TARGET back to what was unpacked.

    Without TARGET, write config.yml of a trace folder anew from the trace; the edited one is kept
    as config.yml.old, later ones as config.yml.old.2 and so on.
    """
    if target is None and pack is None:
        _reset_config(folder or DEFAULT_TRACE_DIR)
    elif target is None or folder is not None:
        raise click.UsageError("Name a TARGET (and its --pack), or a trace folder with --dir.")
    else:
        _reset_target(target, pack)


def _reset_config(folder: Path) -> None:
    from rpz.packer.configure import CONFIG, reset_config

    kept = reset_config(folder)
    log.info("%s is as the trace has it", shown_path(folder / CONFIG))
    if kept is not None:
        log.info("What it was is in %s", shown_path(kept))


def _reset_target(folder: Path, pack: Path | None) -> None:
    from rpz.commands.found import found
    from rpz.unpackers.origin import found_at

    target, unpacker = found(folder)
    if pack is not None:
        target = found_at(target, pack)
    unpacker.reset(target)
    log.info("%s is as it was unpacked", shown_path(folder))
