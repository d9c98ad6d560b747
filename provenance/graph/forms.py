"""The forms that a drawing can have: a file with a function ``text`` each, and a row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.provenance.graph import dot, plain, svg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rpz.provenance.graph.drawing import Drawing

FORMS: Mapping[str, Callable[[Drawing], Iterator[str]]] = {
    "dot": dot.text,
    "json": plain.text,
    "svg": svg.text,
}
"""By the ends of files' names; what is yielded can be encoded as UTF-8."""


class FormError(RpzError):
    """It isn't said in which form a graph is to be."""


def form_of(form: str | None, file: Path | None) -> str:
    """Return the form that was asked for, else that of a file's name; DOT where there is none.

    Raises:
        FormError: the name ends otherwise.

    """
    if form is None and file is not None and str(file) != "-":
        form = file.suffix[1:].lower()
    form = form or "dot"
    if form not in FORMS:
        raise FormError(
            f"{file} says no form of a graph", f"End it in .{', .'.join(FORMS)}, or add --format"
        )
    return form
