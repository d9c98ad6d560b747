"""``rpz export``: runs in the forms of others."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rpz.commands.looking import source, tell
from rpz.commands.options import verbosity
from rpz.commands.writing import is_stream, written
from rpz.provenance.export import FORMS, Choice, Place

if TYPE_CHECKING:
    from rpz.provenance.export import Form
    from rpz.provenance.source import Source

Function = TypeVar("Function", bound=Any)


IMAGES = {
    "dockerfile": ("fill", "A Dockerfile and what it adds"),
    "devcontainer": ("fill_for_editors", "A development container, for VS Code and others"),
}
"""Forms of a pack that are folders to build an image from: the functions, of the unpackers."""


def forms(function: Function) -> Function:
    """Add an option for each form."""
    for name, (_, what) in reversed(IMAGES.items()):
        folder = click.Path(path_type=Path)
        function = click.option(f"--{name}", metavar="DIR", type=folder, help=f"{what}.")(function)
    for name, form in reversed(FORMS.items()):
        kind = click.Path(path_type=Path, dir_okay=form.place is not Place.FILE)
        words = f"{form.what}."
        option = click.option(f"--{name}", metavar=form.place.value, type=kind, help=words)
        function = option(function)
    return function


@click.command(short_help="Write runs in a form that other programs read.")
@source
@forms
@click.option(
    "--with-files", is_flag=True, help="Lay inputs and outputs out as plain files in a folder."
)
@click.option(
    "--env",
    "variables",
    metavar="NAME",
    multiple=True,
    help="Tell this variable of the environment, too, in a folder (may be repeated).",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists; a folder never is.")
@verbosity
def command(
    source: str,
    with_files: bool,
    variables: tuple[str, ...],
    overwrite: bool,
    **places: Path | None,
) -> None:
    """Write what runs did in the forms of others: all runs, unless one is named.

    What is there already is refused. Of a FILE, - is the standard output.
    """
    from rpz.process import termination_as_interrupt
    from rpz.provenance.public import published

    wanted = {name: place for name in FORMS if (place := places[name.replace("-", "_")])}
    images = {name: place for name in IMAGES if (place := places[name])}
    if not wanted and not images:
        options = ", ".join(
            [f"--{name} {form.place.value}" for name, form in FORMS.items()]
            + [f"--{name} DIR" for name in IMAGES]
        )
        raise click.UsageError(f"Name a form, and where to: {options}.")
    for name, place in wanted.items():
        _refuse(FORMS[name], place, overwrite=overwrite)
    gc.disable()  # of many objects no cycle is ever dropped
    with termination_as_interrupt(), published(source, contents=True) as found:
        tell(found.gaps)
        for name, place in wanted.items():
            if FORMS[name].place is Place.FILE:
                written(place, FORMS[name].text(found), overwrite=overwrite)
            else:
                _fill(FORMS[name], found, place, Choice(with_files, variables))
        for name, place in images.items():
            _fill_image(IMAGES[name][0], found, place)


def _refuse(form: Form, place: Path, *, overwrite: bool) -> None:
    """Refuse what exists before anything is written."""
    from rpz.provenance.export.folder import refuse_existing

    is_file = form.place is Place.FILE
    if not (is_file and (overwrite or is_stream(place))):
        refuse_existing(place)


def _fill(form: Form, source: Source, place: Path, choice: Choice) -> None:
    from rpz.provenance.export.folder import new_folder

    with new_folder(place) as folder:
        form.fill(source, folder, choice)


def _fill_image(function: str, source: Source, place: Path) -> None:
    from rpz.errors import RpzError
    from rpz.provenance.export.folder import new_folder
    from rpz.unpackers.docker import context

    if source.pack is None:
        raise RpzError(f"{source.path} is no pack, which an image is made of", "Pack it: rpz pack")
    with new_folder(place) as folder:
        getattr(context, function)(source.pack, folder)
