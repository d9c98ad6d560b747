"""The fields of a publication, as a person meets them: one by one, in lines."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rpz.provenance.publication import authors, document, identifiers, licences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rpz.provenance.publication.model import Publication, Related


@dataclass(frozen=True)
class Field:
    """A field: its name in the model, of one of its values, what to ask for, and its two ways.

    ``read`` raises :class:`PublicationError`; ``line`` returns what ``read`` reads. ``many``: the
    model has a tuple of values.
    """

    name: str
    one: str
    question: str
    read: Callable[[str], Any]
    line: Callable[[Any], str]
    many: bool = False

    def lines(self, publication: Publication) -> list[str]:
        """Return what a publication says, one line a value."""
        value = getattr(publication, self.name)
        values = value if self.many else [value] if value else []
        return [self.line(item) for item in values]

    def value(self, lines: Sequence[str]) -> Any:
        """Return the value that the model takes of some lines; of several, the last if it is one.

        Raises:
            PublicationError: a line can't be read.

        """
        values = [self.read(line.strip()) for line in lines if line.strip()]
        if self.many:
            return tuple(dict.fromkeys(values))
        return values[-1] if values else ""


def _related_line(related: Related) -> str:
    return f"{related.relation.value} {related.doi}"


FIELDS = (
    Field("title", "title", "Title", str, str),
    Field("description", "description", "What it is, in a few sentences", str, str),
    Field(
        "authors",
        "author",
        "Authors: 'Family, Given <ORCID> (Affiliation; ROR)', of which only the name is needed",
        authors.author,
        authors.author_line,
        many=True,
    ),
    Field(
        "licence",
        "licence",
        f"Licence, an SPDX id ({', '.join(licences.USUAL[:3])}, ...)",
        licences.licence,
        str,
    ),
    Field("keywords", "keyword", "Keywords", str, str, many=True),
    Field(
        "funding",
        "funding",
        "Funding: 'Funder; ROR: award', of which only the funder is needed",
        authors.funding,
        authors.funding_line,
        many=True,
    ),
    Field(
        "related",
        "related",
        "Related: the DOI of the paper; of something else, 'Relation DOI'",
        document.related,
        _related_line,
        many=True,
    ),
    Field("version", "version", "Version of what is published", str, str),
    Field("date", "date", "Date of publication, as 2026-11-22", identifiers.day, str),
    Field("publisher", "publisher", "Archive that keeps it", str, str),
    Field("doi", "doi", "DOI of the pack itself, if one is reserved", identifiers.doi, str),
)


def edited(publication: Publication, lines: Mapping[str, Sequence[str]]) -> Publication:
    """Return a publication with some fields, by their names, set to what lines say.

    Raises:
        PublicationError: a line can't be read.

    """
    known = {field.name: field for field in FIELDS}
    values = {name: known[name].value(some) for name, some in lines.items()}
    return dataclasses.replace(publication, **values)


def filled(publication: Publication, other: Publication) -> Publication:
    """Return a publication whose empty fields are another's."""
    empty = [field.name for field in FIELDS if not getattr(publication, field.name)]
    return dataclasses.replace(publication, **{name: getattr(other, name) for name in empty})
