"""``rpz cite``: how a pack is cited."""

from __future__ import annotations

from pathlib import Path

import click

from rpz.commands.options import verbosity
from rpz.commands.text import shown_lines
from rpz.provenance.publication.citation import FORMS


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
    from rpz.provenance.beside import cited_pack

    click.echo(shown_lines(FORMS[form](cited_pack(pack))), nl=False)
