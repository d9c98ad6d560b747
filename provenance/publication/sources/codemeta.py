"""``codemeta.json`` of the code that was run (CodeMeta 2.0, 3.0)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.identifiers import doi, orcid, ror
from rpz.provenance.publication.licences import licence
from rpz.provenance.publication.model import (
    Author,
    Funding,
    Organization,
    Publication,
    Related,
    Relation,
)
from rpz.provenance.publication.sources.parts import checked, field, listed, text

if TYPE_CHECKING:
    from collections.abc import Iterator

SPDX = "https://spdx.org/licenses/"


def read(data: bytes, where: str) -> Publication:
    """Return what the file says of a pack of that code: its DOI is the code's, not the pack's.

    Raises:
        PublicationError: it isn't JSON, or not an object.

    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PublicationError(f"{where} is not JSON: {error}", "Mend it") from None
    if not isinstance(document, dict):
        raise PublicationError(f"{where} is not a JSON object", "Mend it")
    return Publication(
        title=text(document.get("name")),
        description=text(document.get("description")),
        authors=tuple(_authors(document.get("author"))),
        licence=checked(" AND ".join(_licences(document.get("license"))), licence),
        keywords=tuple(_keywords(document.get("keywords"))),
        funding=tuple(_funding(document)),
        related=tuple(dict.fromkeys(_related(document))),
        version=text(document.get("version") or document.get("softwareVersion")),
    )


def _authors(found: Any) -> Iterator[Author]:
    for person in listed(found):
        family, given = text(field(person, "familyName")), text(field(person, "givenName"))
        places = tuple(_organizations(field(person, "affiliation")))
        id_ = checked(field(person, "@id") or field(person, "id"), orcid)
        if family or (name := text(field(person, "name"))):
            yield Author(family, given, id_, places) if family else Author(name, "", id_, places)


def _organizations(found: Any) -> Iterator[Organization]:
    for place in listed(found):
        if name := text(field(place, "name")) or text(place):
            yield Organization(name, checked(field(place, "@id") or field(place, "id"), ror))


def _licences(found: Any) -> Iterator[str]:
    for item in listed(found):
        link = text(item) or text(field(item, "@id")) or text(field(item, "url"))
        yield link.removeprefix(SPDX).removesuffix(".html")


def _keywords(found: Any) -> Iterator[str]:
    for item in listed(found):
        yield from filter(None, map(str.strip, text(item).split(",")))


def _funding(document: dict[str, Any]) -> Iterator[Funding]:
    award = text(document.get("funding"))
    for funder in _organizations(document.get("funder")):
        yield Funding(funder, award)


def _related(document: dict[str, Any]) -> Iterator[Related]:
    for name, relation in (
        ("referencePublication", Relation.IS_SUPPLEMENT_TO),
        ("identifier", Relation.IS_COMPILED_BY),
    ):
        for item in listed(document.get(name)):
            link = text(item) or text(field(item, "@id")) or text(field(item, "value"))
            if found := checked(link, doi):
                yield Related(found, relation)
