"""``rpz latex``: tie a manuscript's figures and numbers to the runs that made them."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import limit_size, verbosity
from rpz.commands.text import counted, shown, shown_path

if TYPE_CHECKING:
    from collections.abc import Callable

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
    help="LaTeX or Markdown, instead of all in this folder; may be repeated.",
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
@limit_size
@verbosity
@click.argument("packs", nargs=-1, metavar="[TRACE|PACK][:RUN]...")
def command(
    manuscripts: tuple[Path, ...],
    results: tuple[str, ...],
    link: str,
    check: bool,
    limit: int | None,
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
    _write(chosen, folder, results, packs, link, limit)
    return GOOD


def _folder_of(manuscripts: tuple[Path, ...]) -> Path:
    folders = {path.parent for path in manuscripts}
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
    limit: int | None,
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
    paper = built(folder, uses, said, outputs, _putting(limit))
    write_map(folder, paper)
    for kind in kinds:
        put_beside(folder, kind.needs)
    log.info(
        "%s has %s and %s of %s",
        shown_path(folder / JSON),
        counted(len(paper.files), "file"),
        counted(len(paper.results), "result"),
        counted(len(paper.runs), "run"),
    )


def _putting(limit: int | None) -> Callable[[Output, Path], bool]:
    """Return what brings an output to a place, from where it was written or from the pack."""

    def put(output: Output, target: Path) -> bool:
        found = _copied(Path(os.fsdecode(output.path)), output, target)
        if not found and not output.source.is_dir():
            found = _taken(output, target, limit)
        if found:
            log.info("%s is from %s", shown_path(target), shown(output.run.words))
        return found

    return put


def _copied(path: Path, output: Output, target: Path) -> bool:
    """Copy a file that still holds what the run left."""
    from rpz.packer.atomic import replaced_file
    from rpz.provenance.paper.build import digests

    if not path.is_file() or path.stat().st_size != output.size:
        return False
    if digests(path)[1] != output.sha256:
        return False
    with path.open("rb") as source, replaced_file(target, overwrite=False) as copy:
        shutil.copyfileobj(source, copy)
    return True


def _taken(output: Output, target: Path, limit: int | None) -> bool:
    """Take a file out of the pack, if that has it as the run left it."""
    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.excerpt import take_out

    with Pack.open(output.source, limit) as pack, tempfile.TemporaryDirectory() as folder:
        if all(entry.path != output.path for entry in pack.entries()):
            return False
        take_out(pack, [output.path], Path(folder))
        taken = Path(folder, os.fsdecode(output.path.lstrip(b"/")))
        return not taken.is_symlink() and _copied(taken, output, target)
