"""``rpz export``: runs in the forms of others."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any, TypeVar

import click

from rpz.commands.looking import source
from rpz.commands.options import verbosity
from rpz.commands.writing import written
from rpz.provenance.export import FORMS

Function = TypeVar("Function", bound=Any)


def forms(function: Function) -> Function:
    """Add an option for each form."""
    for name, form in reversed(FORMS.items()):
        file = click.Path(path_type=Path, dir_okay=False)
        function = click.option(f"--{name}", metavar="FILE", type=file, help=form.what)(function)
    return function


@click.command(short_help="Write runs in a form that other programs read.")
@source
@forms
@verbosity
def command(source: str, **files: Path | None) -> None:
    """Write what runs did in the forms of others: all runs, unless one is named.

    FILE is replaced if it is there; - is the standard output.
    """
    from rpz.provenance.public import published

    wanted = {name: file for name in FORMS if (file := files[name.replace("-", "_")]) is not None}
    if not wanted:
        options = ", ".join(f"--{name}" for name in FORMS)
        raise click.UsageError(f"Name a form and a file: {options} FILE.")
    gc.disable()  # of many objects no cycle is ever dropped
    with published(source) as found:
        for name, file in wanted.items():
            written(file, FORMS[name].text(found))
