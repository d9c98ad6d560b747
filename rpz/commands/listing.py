"""How ``rpz upload`` and ``rpz download`` show a target's inputs and outputs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from rpz.commands.text import shown

if TYPE_CHECKING:
    from rpz.packer.config.model import InputOutput
    from rpz.unpackers.target import Target


def show_files(target: Target, *, as_json: bool) -> None:
    """Print the kind, name and path of every input and output."""
    rows = [(kind(file), file.name, _text(file)) for file in target.inputs_outputs]
    if as_json:
        keys = ("kind", "name", "path")
        click.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
        return
    width = max((len(name) for _, name, _ in rows), default=0)
    for what, name, path in rows:
        line = f"{what:12}  {name:{width}}  {path}"
        # Other programs get the names as they are, a terminal nothing that it would obey
        click.echo(shown(line) if sys.stdout.isatty() else line.encode("utf-8", "surrogateescape"))


def kind(file: InputOutput) -> str:
    """Say what a file was for the runs."""
    if file.written_by_runs and file.read_by_runs:
        return "input+output"
    return "output" if file.written_by_runs else "input"


def _text(file: InputOutput) -> str:
    return file.path.path.decode("utf-8", "surrogateescape")
