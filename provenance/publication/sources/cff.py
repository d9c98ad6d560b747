"""``CITATION.cff`` of the code that was run (Citation File Format 1.2.0)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.identifiers import doi, orcid
from rpz.provenance.publication.licences import licence
from rpz.provenance.publication.model import (
    Author,
    Organization,
    Publication,
    Related,
    Relation,
)
from rpz.provenance.publication.sources.parts import checked, field, listed, text

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(data: bytes, where: str) -> Publication:
    """Return what the file says of a pack of that code: its DOI is the code's, not the pack's.

    Raises:
        PublicationError: it isn't YAML, or no citation file.

    """
    import yaml

    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise PublicationError(f"{where} is not YAML", "Mend it: cffconvert --validate") from None
    if not isinstance(document, dict) or "cff-version" not in document:
        raise PublicationError(f"{where} has no cff-version: it is no citation file", "Mend it")
    return Publication(
        title=text(document.get("title")),
        description=text(document.get("abstract")),
        authors=tuple(_authors(document.get("authors"))),
        licence=checked(" OR ".join(map(text, listed(document.get("license")))), licence),
        keywords=tuple(filter(None, map(text, listed(document.get("keywords"))))),
        related=tuple(dict.fromkeys(_related(document))),
        version=_version(document.get("version")),
    )


def _version(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else text(value)


def _authors(found: Any) -> Iterator[Author]:
    for person in listed(found):
        particle, family = text(field(person, "name-particle")), text(field(person, "family-names"))
        family = f"{particle} {family}".strip()
        place = text(field(person, "affiliation"))
        author = Author(
            family or text(field(person, "name")),
            text(field(person, "given-names")) if family else "",
            checked(field(person, "orcid"), orcid),
            (Organization(place),) if place else (),
        )
        if author.family:
            yield author


def _related(document: dict[str, Any]) -> Iterator[Related]:
    if paper := checked(field(document.get("preferred-citation"), "doi"), doi):
        yield Related(paper, Relation.IS_SUPPLEMENT_TO)
    if code := checked(document.get("doi"), doi):
        yield Related(code, Relation.IS_COMPILED_BY)
