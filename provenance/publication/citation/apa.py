"""A line in the style of the American Psychological Association, 7th edition (10.9, data sets)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpz.provenance.publication.citation.cited import Cited
    from rpz.provenance.publication.model import Author

MOST = 20
"""Authors that are all named; of more, the first 19 and the last."""


def line(cited: Cited) -> str:
    """Return ``Family, G. (2026). Title (Version 1) [Data set]. Publisher. https://doi.org/...``.

    Without a DOI the pack is identified by its SWHID.
    """
    told = cited.publication
    version = f" (Version {told.version})" if told.version else ""
    parts = [
        f"{_ended(_authors(told.authors))} ({cited.year}).",
        f"{told.title.rstrip('.')}{version} [Data set].",
        *([_ended(told.publisher)] if told.publisher else []),
        told.doi_url or cited.digests.swhid,
    ]
    return " ".join(" ".join(parts).split()) + "\n"


def _authors(authors: tuple[Author, ...]) -> str:
    names = [_name(author) for author in authors]
    if len(names) > MOST:
        return f"{', '.join(names[: MOST - 1])}, . . . {names[-1]}"
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def _name(author: Author) -> str:
    if not author.given:
        return author.family
    initials = " ".join(
        "-".join(f"{part[0].upper()}." for part in word.split("-") if part)
        for word in re.split(r"[\s.]+", author.given)
        if word
    )
    return f"{author.family}, {initials}" if initials else author.family


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
