"""``rpz reset``: write config.yml anew."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from rpz.commands.options import trace_dir, verbosity
from rpz.commands.text import shown_path

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


@click.command(short_help="Write config.yml anew from the trace.")
@trace_dir
@verbosity
def command(folder: Path) -> None:
    """Write config.yml anew from the trace; the edited one is kept as config.yml.old.

    Later ones are kept as config.yml.old.2 and so on.
    """
    from rpz.packer.configure import CONFIG, reset_config

    kept = reset_config(folder)
    log.info("%s is as the trace has it", shown_path(folder / CONFIG))
    if kept is not None:
        log.info("What it was is in %s", shown_path(kept))
