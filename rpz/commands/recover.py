"""``rpz recover``: make the trace of a run that was cut short."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from rpz.commands.options import trace_dir, verbosity
from rpz.commands.text import shown_path
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.errors import RpzError

log = logging.getLogger(__name__)


@click.command(short_help="Make the trace of a run that was cut short.")
@trace_dir
@verbosity
def command(folder: Path) -> None:
    """Make the trace of a run that was cut short: the tracer was killed, the disk was full.

    What the run had done until then is added to the trace folder, and config.yml written anew. A
    trace that is there already stays.
    """
    from rpz.packer.configure import CONFIG, reset_config
    from rpz.tracer.conclusion import recover
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.session import summary

    place = TraceFolder(folder)
    failures: list[RpzError] = []
    runs = recover(place, failures.append)
    if runs:
        with TraceDatabase.open(place.database) as database:
            for run in runs:
                log.info("Recovered run %d: %s", run, summary(database, run))
    if runs or (not place.config.exists() and (place.exists or not failures)):
        kept = reset_config(folder)
        log.info("%s is as the trace has it", shown_path(folder / CONFIG))
        if kept is not None:
            log.info("What it was is in %s", shown_path(kept))
    elif not failures:
        log.info("%s holds no run that was cut short", shown_path(folder))
    for failure in failures[1:]:
        log.error("%s", failure)
    if failures:
        raise failures[0]
