"""The questions of ``rpz meta`` on a terminal."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.text import shown
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpz.provenance.publication.fields import Field
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.publication.proposals import Proposals

NOTHING = "-"
"""The answer that leaves a field empty, or takes a value out."""


def ask(publication: Publication, proposed: Proposals) -> Publication:
    """Ask for every field; return what was answered.

    Raises:
        click.Abort: the person has had enough: nothing is changed.

    """
    click.echo(
        f"Enter takes what is in [brackets], {NOTHING} takes it out, Ctrl-C changes nothing."
    )
    answers: dict[str, Any] = {}
    for field in FIELDS:
        now = field.lines(publication)
        lines = now or field.lines(proposed.publication)
        if lines and not now:
            click.echo(f"({field.name}: {shown(proposed.origins[field.name])} proposes)")
        answers[field.name] = _ask_many(field, lines) if field.many else _ask_one(field, lines)
    return dataclasses.replace(publication, **answers)


def _ask_one(field: Field, lines: list[str]) -> Any:
    answer = _prompt(field.question, lines[0] if lines else "", field)
    return "" if answer is None else answer


def _ask_many(field: Field, lines: list[str]) -> tuple[Any, ...]:
    click.echo(f"{field.question}; one a line, an empty line ends it")
    found = [_prompt(f"  {field.one}", line, field) for line in lines]
    while answer := _prompt(f"  {field.one}", "", field):
        found.append(answer)
    return tuple(dict.fromkeys(value for value in found if value is not None))


def _prompt(question: str, default: str, field: Field) -> Any:
    """Ask until the answer can be read; None: nothing."""
    return click.prompt(
        question, default, show_default=bool(default), value_proc=_reading(field.read)
    )


def _reading(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def value(text: str) -> Any:
        if text.strip() in {"", NOTHING}:
            return None
        try:
            return read(text.strip())
        except PublicationError as error:
            raise click.UsageError(str(error)) from None

    return value
