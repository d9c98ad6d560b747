"""``rpz cite``: how a pack is cited."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import verbosity
from rpz.commands.text import shown_lines
from rpz.provenance.publication.citation import FORMS

if TYPE_CHECKING:
    from rpz.provenance.publication.swhid import Code


@click.command(short_help="Print how a pack is cited.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="bibtex",
    show_default=True,
    help="BibTeX, a CITATION.cff, or a line in the style of the APA.",
)
@click.argument("pack", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@verbosity
def command(pack: Path, form: str) -> None:
    """Print how PACK is cited: from what rpz meta says of it, and its identifiers."""
    from rpz.provenance.publication.citation.cited import cited
    from rpz.provenance.publication.storage import read_publication
    from rpz.provenance.publication.swhid import code_of, digests_of
    from rpz.provenance.source import SourceError, opened

    publication = read_publication(pack)
    started = pack.stat().st_mtime_ns
    code: tuple[Code, ...] = ()
    with contextlib.suppress(SourceError), opened(str(pack)) as source:  # ReproZip's, say
        started, code = source.run.started, tuple(code_of(source))
    what = cited(publication, digests_of(pack), started, code)
    click.echo(shown_lines(FORMS[form](what)), nl=False)
