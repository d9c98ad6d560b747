"""``rpz note``: what is found out about a run later."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from rpz.commands.options import trace_dir, verbosity
from rpz.commands.text import shown

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


@click.command(short_help="Add a comment to a run.")
@trace_dir
@click.argument("run")
@click.argument("words", nargs=-1, required=True, metavar="TEXT...")
@verbosity
def command(folder: Path, run: str, words: tuple[str, ...]) -> None:
    """Add TEXT to what is known of RUN, a name or number of the trace; rpz show shows it."""
    from rpz.provenance.notes import add_note

    label = add_note(folder, run, " ".join(words), datetime.now(timezone.utc))
    log.info("Noted of %s", shown(label))
