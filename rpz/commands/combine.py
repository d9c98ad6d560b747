"""``rpz combine``: put runs that were traced apart into one trace folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import trace_dir, verbosity
from rpz.commands.text import counted, shown, shown_pack, shown_path
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from rpz.tracer.combine import Combined

log = logging.getLogger(__name__)


@click.command(short_help="Put runs that were traced apart into one trace.")
@trace_dir
@click.option("-c", "--continue", "append", is_flag=True, help="Add to the trace that DIR has.")
@click.argument(
    "traces",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="TRACE...",
)
@verbosity
def command(folder: Path, append: bool, traces: tuple[Path, ...]) -> None:
    """Put the runs of the trace folders TRACE... into one, in the order in which they are given.

    That is the order in which they are run again: name the trace first whose runs make what the
    others read. The folders stay as they are.
    """
    from rpz.packer.configure import write_config
    from rpz.provenance.publication.storage import combined_publication, write_publication
    from rpz.tracer.combine import combine

    target = TraceFolder(folder)
    kept = target.next_kept()
    sources = [_folder(trace) for trace in traces]
    told = combined_publication([folder, *(source.path for source in sources)])
    combined = combine(sources, target, append=append)
    write_config(folder)
    write_publication(folder, told)
    _tell(combined, target)
    if kept.exists():
        log.info("The %s from before is kept as %s", target.config.name, shown_path(kept))


def _folder(trace: Path) -> TraceFolder:
    """Return the trace folder that a path stands for: itself, or that of its database."""
    found = TraceFolder(trace.parent)
    return found if trace.name == found.database.name and trace.is_file() else TraceFolder(trace)


def _tell(combined: Combined, target: TraceFolder) -> None:
    for old, new in combined.renamed:
        log.warning("There are two runs %s: the later one is %s now", old, new)
    for warning in combined.warnings:
        log.warning("%s", shown(warning))
    log.info(
        "%s added to %s. Edit %s if need be, then: %s",
        counted(len(combined.runs), "run").capitalize(),
        shown_path(target.path),
        shown_path(target.config),
        shown_pack(target.path),
    )
