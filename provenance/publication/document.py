"""A publication as a document of JSON or TOML (``docs/archive-format.md``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from rpz.provenance.publication import authors, identifiers, licences
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.model import (
    Author,
    Funding,
    Organization,
    Publication,
    Related,
    Relation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Item = TypeVar("Item")

SCHEMA = 1
"""The version of the document."""
LARGEST = 1 << 20
"""Bytes of a document."""


def document_of(publication: Publication) -> dict[str, Any]:
    """Return what is stored: the fields that aren't empty."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "title": publication.title,
        "description": publication.description,
        "authors": [_author_document(author) for author in publication.authors],
        "licence": publication.licence,
        "keywords": list(publication.keywords),
        "funding": [_funding_document(funding) for funding in publication.funding],
        "related": [{"doi": r.doi, "relation": r.relation.value} for r in publication.related],
        "version": publication.version,
        "date": publication.date,
        "publisher": publication.publisher,
        "doi": publication.doi,
    }
    return _filled(document)


def document_bytes(publication: Publication) -> bytes:
    """Return the document as it is stored: always the same for the same publication."""
    text = json.dumps(document_of(publication), indent=2, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def parsed_document(data: bytes, where: str) -> Publication:
    """Return the publication of a stored document; ``where`` it is, for messages.

    Raises:
        PublicationError: it isn't one, or one of a newer rpz.

    """
    if len(data) > LARGEST:
        raise PublicationError(f"{where} is greater than {LARGEST} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PublicationError(f"{where} is not JSON: {error}", _AGAIN) from None
    if not isinstance(document, dict):
        raise PublicationError(f"{where} is not a JSON object", _AGAIN)
    if document.pop("schema", SCHEMA) != SCHEMA:
        raise PublicationError(f"{where} is of a newer rpz", "Upgrade rpz")
    return publication_of_document(document, where)


def publication_of_document(document: Mapping[str, Any], where: str) -> Publication:
    """Return the publication that a document tells of, every field checked.

    Authors, funding and related publications may be lines as :mod:`~.authors` reads them, too.

    Raises:
        PublicationError: a field is unknown, or wrong.

    """
    fields = _Fields(document, where)
    publication = Publication(
        title=fields.text("title"),
        description=fields.text("description"),
        authors=fields.items("authors", _author),
        licence=fields.checked("licence", licences.licence),
        keywords=fields.items("keywords", _word),
        funding=fields.items("funding", _funding),
        related=fields.items("related", _related),
        version=fields.text("version"),
        date=fields.checked("date", identifiers.day),
        publisher=fields.text("publisher"),
        doi=fields.checked("doi", identifiers.doi),
    )
    fields.refuse_others()
    return publication


def related(text: str) -> Related:
    """Return what ``DOI`` or ``Relation DOI`` says; the relation is ``IsSupplementTo`` if none is.

    Raises:
        PublicationError: there is no such relation, or the DOI is none.

    """
    relation, _, doi = text.strip().rpartition(" ")
    return Related(identifiers.doi(doi), _relation(relation) if relation else _SUPPLEMENT)


_AGAIN = "Mend it, or remove it and tell it again: rpz meta"
_SUPPLEMENT = Relation.IS_SUPPLEMENT_TO


class _Fields:
    """The fields of an object, taken one by one; ``where`` they are, for messages."""

    def __init__(self, document: Mapping[str, Any], where: str) -> None:
        self._left = dict(document)
        self._known: list[str] = []
        self._where = where

    def _take(self, name: str) -> Any:
        self._known.append(name)
        return self._left.pop(name, None)

    def text(self, name: str) -> str:
        found = self._take(name)
        if found is None:
            return ""
        if not isinstance(found, str):
            found = found.isoformat() if hasattr(found, "isoformat") else found  # TOML's dates
            if not isinstance(found, (str, int, float)) or isinstance(found, bool):
                raise self._wrong(name, "is not a text")
        return str(found).strip()

    def checked(self, name: str, check: Callable[[str], str]) -> str:
        text = self.text(name)
        return check(text) if text else ""

    def items(self, name: str, read: Callable[[Any, str], Item]) -> tuple[Item, ...]:
        found = self._take(name)
        if found is None:
            return ()
        if not isinstance(found, list):
            raise self._wrong(name, "is not a list")
        return tuple(read(item, f"{self._where}: {name}") for item in found)

    def one(self, name: str, read: Callable[[Any, str], Item]) -> Item:
        return read(self._take(name), f"{self._where}: {name}")

    def refuse_others(self) -> None:
        if self._left:
            raise self._wrong(min(map(str, self._left)), "is no field of a publication")

    def _wrong(self, name: str, what: str) -> PublicationError:
        return PublicationError(
            f"{self._where}: {name!r} {what}", f"The fields here are {', '.join(self._known)}"
        )


def _word(item: Any, where: str) -> str:
    if not isinstance(item, str) or not item.strip():
        raise PublicationError(f"{where}: {item!r} is not a word")
    return item.strip()


def _fields(item: Any, where: str) -> _Fields:
    if not isinstance(item, dict):
        raise PublicationError(f"{where}: {item!r} is neither a text nor an object")
    return _Fields(item, where)


def _author(item: Any, where: str) -> Author:
    if isinstance(item, str):
        return authors.author(item)
    fields = _fields(item, where)
    author = Author(
        fields.text("family"),
        fields.text("given"),
        fields.checked("orcid", identifiers.orcid),
        fields.items("affiliations", _organization),
    )
    fields.refuse_others()
    if not author.family:
        raise PublicationError(f"{where}: one has no family name", "Add it as 'family'")
    return author


def _organization(item: Any, where: str) -> Organization:
    if isinstance(item, str):
        return authors.organization(item)
    fields = _fields(item, where)
    place = Organization(fields.text("name"), fields.checked("ror", identifiers.ror))
    fields.refuse_others()
    if not place.name:
        raise PublicationError(f"{where}: an organization has no name", "Add it as 'name'")
    return place


def _funding(item: Any, where: str) -> Funding:
    if isinstance(item, str):
        return authors.funding(item)
    fields = _fields(item, where)
    funding = Funding(fields.one("funder", _organization), fields.text("award"))
    fields.refuse_others()
    return funding


def _related(item: Any, where: str) -> Related:
    if isinstance(item, str):
        return related(item)
    fields = _fields(item, where)
    doi, relation = fields.checked("doi", identifiers.doi), fields.text("relation")
    fields.refuse_others()
    if not doi:
        raise PublicationError(f"{where}: one has no DOI", "Add it as 'doi'")
    return Related(doi, _relation(relation) if relation else _SUPPLEMENT)


def _relation(name: str) -> Relation:
    for relation in Relation:
        if relation.value.lower() == name.strip().lower():
            return relation
    known = ", ".join(relation.value for relation in Relation)
    raise PublicationError(f"{name!r} is no relation", f"One of: {known}")


def _author_document(author: Author) -> dict[str, Any]:
    places = [_organization_document(place) for place in author.affiliations]
    return _filled(
        {
            "family": author.family,
            "given": author.given,
            "orcid": author.orcid,
            "affiliations": places,
        }
    )


def _organization_document(place: Organization) -> dict[str, str]:
    return _filled({"name": place.name, "ror": place.ror})


def _funding_document(funding: Funding) -> dict[str, Any]:
    return _filled({"funder": _organization_document(funding.funder), "award": funding.award})


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value}
