"""``rpz graph``: what runs did, drawn."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.looking import source
from rpz.commands.options import DEFAULT_TRACE_DIR, verbosity
from rpz.commands.text import counted
from rpz.commands.writing import written

if TYPE_CHECKING:
    from rpz.provenance.graph.drawing import Drawing
    from rpz.provenance.graph.level import Level

log = logging.getLogger(__name__)

FORMS = ("dot", "json", "svg")
MANY = 1500
"""Nodes of a drawing that nobody takes in at once."""


@click.command(short_help="Draw the processes, files and packages of runs.")
@source
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", type=click.Choice(FORMS), help="Unless FILE's name ends in it.")
@click.option("--dot", "form", flag_value="dot", help="As --format dot.")
@click.option("--json", "form", flag_value="json", help="As --format json.")
@click.option(
    "--packages",
    type=click.Choice(["own", "package", "file", "drop", "ignore"]),
    default="own",
    show_default=True,
    help="Each as one without libraries of the system, each as one, their files, none, or their"
    " files as if they were any.",
)
@click.option(
    "--processes",
    type=click.Choice(["process", "thread", "run"]),
    default="process",
    show_default=True,
    help="Each as one, each thread of it, or each run as one.",
)
@click.option(
    "--otherfiles",
    default="own",
    show_default=True,
    metavar="[own|all|io|no|depth:N]",
    help="Files of no package: not the system's, all, config.yml's inputs and outputs, none, all"
    " as the folders N below the root.",
)
@click.option("-F", "--all-forks", is_flag=True, help="Processes that executed nothing, too.")
@click.option("--aggregate", multiple=True, metavar="PATH", help="All that begins so as one.")
@click.option("--regex-include", multiple=True, metavar="REGEX", help="Only files with a match.")
@click.option("--regex-filter", multiple=True, metavar="REGEX", help="No files with a match.")
@click.option(
    "--regex-replace", multiple=True, nargs=2, metavar="REGEX TEXT", help="Call files otherwise."
)
@verbosity
def command(source: str, file: Path | None, form: str | None, **options: Any) -> None:
    """Draw what runs did: which process read, wrote and executed what.

    All runs, unless one is named. FILE is in DOT (for Graphviz), JSON or SVG, by its end; without
    FILE it is printed, in DOT.
    """
    from rpz.provenance.graph.forms import FORMS, form_of

    if file is None and Path(source).suffix[1:] in FORMS and not Path(source).is_dir():
        source, file = os.fspath(DEFAULT_TRACE_DIR), Path(source)  # rpz graph FILE.svg
    gc.disable()  # of many objects no cycle is ever dropped: looking for some takes half the time
    chosen = form_of(form, file)
    drawing = _drawing(source, _level(**options))
    written(file, FORMS[chosen](drawing))
    if len(drawing.nodes) > MANY and chosen != "json":
        fewer = "fewer with --otherfiles io, --aggregate or --regex-filter"
        log.info("Drew %s: %s", counted(len(drawing.nodes), "node"), fewer)


def _drawing(source: str, level: Level) -> Drawing:
    from rpz.provenance.graph.build import graph_of
    from rpz.provenance.graph.draw import drawing_of
    from rpz.provenance.graph.level import Processes
    from rpz.provenance.public import published

    with published(source) as found:
        config = found.config
        packages = config.packages if config is not None else ()
        threads = level.processes is Processes.THREAD
        graph = graph_of(found.database, found.runs, packages, threads=threads)
        named = config.inputs_outputs if config is not None else ()
        return drawing_of(graph, level, {bytes(one.path) for one in named})


def _level(
    *,
    packages: str,
    processes: str,
    otherfiles: str,
    all_forks: bool,
    aggregate: tuple[str, ...],
    regex_include: tuple[str, ...],
    regex_filter: tuple[str, ...],
    regex_replace: tuple[tuple[str, str], ...],
) -> Level:
    from rpz.provenance.graph import level

    files, depth = level.files_of(otherfiles)
    return level.Level(
        packages=level.Packages(packages),
        processes=level.Processes(processes),
        files=files,
        depth=depth,
        forks=all_forks,
        includes=tuple(map(level.pattern_of, regex_include)),
        excludes=tuple(map(level.pattern_of, regex_filter)),
        replaces=tuple(level.replacement_of(*both) for both in regex_replace),
        aggregates=tuple(os.fsencode(path) for path in aggregate),
    )
