"""``rpz latex``: tie a manuscript's figures and numbers to the runs that made them."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import verbosity
from rpz.commands.text import counted, shown, shown_path

if TYPE_CHECKING:
    from rpz.provenance.paper.outputs import Output

log = logging.getLogger(__name__)
GOOD, CHANGED = 0, 1


@click.command(short_help="Tie a paper's figures and numbers to the runs that made them.")
@click.option(
    "-m",
    "--manuscript",
    "manuscripts",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="LaTeX, Markdown or reStructuredText, instead of all in this folder; may be repeated.",
)
@click.option(
    "--result",
    "results",
    multiple=True,
    metavar="NAME=FILE[:KIND:WHERE]",
    help="A number of the paper: mean=fit.json:json:/mean; may be repeated. Also in rpz.toml.",
)
@click.option(
    "--link", default="", metavar="URL", help="Where the packs are, instead of their DOI."
)
@click.option("--check", is_flag=True, help="Only check files and numbers against the map.")
@verbosity
@click.argument("packs", nargs=-1, metavar="[TRACE|PACK][:RUN]...")
def command(
    manuscripts: tuple[Path, ...],
    results: tuple[str, ...],
    link: str,
    check: bool,
    packs: tuple[str, ...],
) -> int:
    """Write beside a manuscript which runs made its figures and numbers.

    That is rpz-map.tex for rpz.sty, which is put there, too, and rpz-map.json. What isn't there yet
    is taken from where the run wrote it, or from the pack. When the manuscript is typeset, a file
    that has changed since is an error.

    With --check no PACK is needed, and the exit status is 1 if something has changed.
    """
    from rpz.provenance.paper.uses import manuscripts_in

    folder = _folder_of(manuscripts)
    if check:
        return _check(folder)
    if not packs:
        raise click.UsageError("Name the packs whose runs made what the manuscript shows.")
    chosen = manuscripts or tuple(manuscripts_in(folder))
    _write(chosen, folder, results, packs, link)
    return GOOD


def _folder_of(manuscripts: tuple[Path, ...]) -> Path:
    from rpz.provenance.paper.uses import home_of

    folders = {home_of(path) for path in manuscripts}
    if len(folders) > 1:
        raise click.UsageError("The manuscripts are in several folders: name those of one.")
    return folders.pop() if folders else Path()


def _check(folder: Path) -> int:
    from rpz.provenance.paper.checking import troubles

    found = list(troubles(folder))
    for trouble in found:
        click.echo(shown(trouble))
    if not found:
        log.info("All is as the runs left it")
    return CHANGED if found else GOOD


def _write(
    manuscripts: tuple[Path, ...],
    folder: Path,
    results: tuple[str, ...],
    packs: tuple[str, ...],
    link: str,
) -> None:
    from rpz.provenance.paper.beside import put_beside
    from rpz.provenance.paper.build import built
    from rpz.provenance.paper.declared import declared, declared_in
    from rpz.provenance.paper.outputs import Outputs
    from rpz.provenance.paper.uses import uses_of
    from rpz.provenance.paper.writing import JSON, write_map
    from rpz.provenance.public import published

    kinds, uses = uses_of(manuscripts)
    said = [*declared_in(folder), *map(declared, results)]
    outputs = Outputs()
    for pack in packs:
        with published(pack) as source:
            outputs.add(source, link)
    paper = built(folder, uses, said, outputs, _put)
    write_map(folder, paper)
    for name in dict.fromkeys(name for kind in kinds for name in kind.needs):
        put_beside(folder, name)
    log.info(
        "%s has %s and %s of %s",
        shown_path(folder / JSON),
        counted(len(paper.files), "file"),
        counted(len(paper.results), "result"),
        counted(len(paper.runs), "run"),
    )


def _put(output: Output, target: Path) -> bool:
    """Bring an output to a place, from the pack or from where it was written."""
    from rpz.provenance.export.contents import Wanted, lay_out
    from rpz.provenance.source import opened

    wanted = Wanted(output.path, output.sha256)
    with (
        tempfile.TemporaryDirectory(prefix=".rpz-", dir=target.parent) as folder,
        opened(str(output.source)) as source,
    ):
        place = Path(folder) / "file"
        if lay_out(source, {wanted: place}):
            return False
        place.rename(target)
    log.info("%s is from %s", shown_path(target), shown(output.run.words))
    return True
