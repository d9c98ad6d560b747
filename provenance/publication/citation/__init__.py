"""How a pack is cited: one module, and one row of the table, for each form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.publication.citation import apa, bibtex, cff

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpz.provenance.publication.citation.cited import Cited

FORMS: dict[str, Callable[[Cited], str]] = {
    "bibtex": bibtex.entry,
    "cff": cff.document,
    "apa": apa.line,
}
