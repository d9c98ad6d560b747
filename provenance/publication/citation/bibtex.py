"""BibTeX: an entry of ``@misc``, which every style knows, in ASCII, which every BibTeX reads."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.publication.citation.cited import Cited
    from rpz.provenance.publication.model import Author

_WORDS = re.compile(r"[^\W\d_]+")
_SHORT = {"the", "and", "for", "from", "with"}
_BRACES = {ord("{"): r"\textbraceleft", ord("}"): r"\textbraceright"}
"""By name: BibTeX counts braces, also those with a backslash before them."""
_URL_ESCAPES = {"{": "%7B", "}": "%7D", "\\": "%5C"}


def entry(cited: Cited) -> str:
    """Return the entry."""
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(cited) if value)
    return f"@misc{{{key(cited)},\n{lines}}}\n"


def key(cited: Cited) -> str:
    """Return the name of the entry: ``doe2026figure``, of letters and digits of ASCII."""
    words = _WORDS.findall(_ascii(cited.publication.title))
    telling = [word for word in words if len(word) > 2 and word.lower() not in _SHORT]  # noqa: PLR2004
    family = "".join(_WORDS.findall(_ascii(cited.publication.authors[0].family)))
    first = (telling or words or [""])[0]
    return f"{family or 'pack'}{cited.year}{first}".lower()


def _fields(cited: Cited) -> Iterator[tuple[str, str]]:
    told = cited.publication
    yield "author", " and ".join(map(_author, told.authors))
    yield "title", f"{{{latex(told.title)}}}"  # a second pair, so that no style changes its case
    yield "year", cited.year
    if told.date:
        yield "date", told.date
    yield "version", latex(told.version)
    yield "publisher", latex(told.publisher)
    yield "howpublished", "Reproducibility pack (.rpz)"
    yield "doi", _verbatim(told.doi)
    yield "url", _verbatim(told.doi_url)
    yield "note", f"SHA-256: {cited.digests.sha256}"
    yield "swhid", cited.digests.swhid


def _author(author: Author) -> str:
    if not author.given:
        return f"{{{latex(author.family)}}}"
    family = latex(author.family)
    # A particle (von) is BibTeX's to see; a comma or an " and " inside of a name is not
    if "," in author.family or re.search(r"\band\b", author.family):
        family = f"{{{family}}}"
    given = latex(author.given)
    if "," in author.given or re.search(r"\band\b", author.given):
        given = f"{{{given}}}"
    return f"{family}, {given}"


def latex(text: str) -> str:
    r"""Return text as LaTeX shows it: ``{\"o}``, ``{\&}``; what LaTeX has no command for stays."""
    from pylatexenc.latexencode import (
        RULE_DICT,
        UnicodeToLatexConversionRule,
        UnicodeToLatexEncoder,
    )

    encoder = UnicodeToLatexEncoder(
        conversion_rules=[UnicodeToLatexConversionRule(RULE_DICT, _BRACES), "defaults"],
        replacement_latex_protection="braces-all",
        unknown_char_policy="keep",
        unknown_char_warning=False,
    )
    return encoder.unicode_to_latex(unicodedata.normalize("NFC", " ".join(text.split())))


def _verbatim(text: str) -> str:
    """Return what BibTeX's styles give as it is: braces would end the field."""
    return "".join(_URL_ESCAPES.get(c, c) for c in text)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
