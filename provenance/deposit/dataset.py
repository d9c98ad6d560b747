"""A publication as a data set of Dataverse (https://guides.dataverse.org/en/latest/api)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rpz.provenance.deposit.record import paragraphs, today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.provenance.publication.model import Author, Publication

LICENCES = {
    "CC0-1.0": ("CC0 1.0", "http://creativecommons.org/publicdomain/zero/1.0"),
    "CC-BY-4.0": ("CC BY 4.0", "http://creativecommons.org/licenses/by/4.0"),
}
"""Those that installations have as a rule; of others the terms of use tell."""


def version(publication: Publication, subject: str, contact: str) -> dict[str, Any]:
    """Return the document of a data set's version, with the block of citation."""
    fields = list(_fields(publication, subject, contact))
    block = {"displayName": "Citation Metadata", "fields": fields}
    document: dict[str, Any] = {"metadataBlocks": {"citation": block}}
    if publication.licence in LICENCES:
        name, uri = LICENCES[publication.licence]
        return document | {"license": {"name": name, "uri": uri}}
    terms = " ".join(filter(None, (publication.licence, publication.licence_url)))
    return document | {"termsOfUse": terms}


def _fields(told: Publication, subject: str, contact: str) -> Iterator[dict[str, Any]]:
    yield _plain("title", told.title)
    yield _compound("author", map(_author, told.authors))
    names = [author.name for author in told.authors[:1]]
    yield _compound(
        "datasetContact",
        [
            _parts(
                datasetContactName=names[0] if names else "",
                datasetContactEmail=contact,
            )
        ],
    )
    yield _compound("dsDescription", [_parts(dsDescriptionValue=paragraphs(told.description))])
    yield {
        "typeName": "subject",
        "typeClass": "controlledVocabulary",
        "multiple": True,
        "value": [subject],
    }
    if told.keywords:
        yield _compound("keyword", [_parts(keywordValue=word) for word in told.keywords])
    if told.related:
        yield _compound("publication", map(_related, told.related))
    if told.funding:
        yield _compound(
            "grantNumber",
            [
                _parts(grantNumberAgency=paid.funder.name, grantNumberValue=paid.award)
                for paid in told.funding
            ],
        )
    yield _plain("distributionDate", told.date or today())


def _author(author: Author) -> dict[str, Any]:
    name = f"{author.family}, {author.given}" if author.given else author.family
    parts = _parts(
        authorName=name,
        authorAffiliation="; ".join(place.name for place in author.affiliations),
        authorIdentifier=author.orcid,
    )
    if author.orcid:
        scheme = _plain("authorIdentifierScheme", "ORCID")
        parts["authorIdentifierScheme"] = scheme | {"typeClass": "controlledVocabulary"}
    return parts


def _related(related: Any) -> dict[str, Any]:
    parts = _parts(publicationIDNumber=related.doi, publicationURL=f"https://doi.org/{related.doi}")
    kind = _plain("publicationIDType", "doi") | {"typeClass": "controlledVocabulary"}
    return parts | {"publicationIDType": kind}


def _plain(name: str, value: str) -> dict[str, Any]:
    return {"typeName": name, "typeClass": "primitive", "multiple": False, "value": value}


def _parts(**values: str) -> dict[str, Any]:
    return {name: _plain(name, value) for name, value in values.items() if value}


def _compound(name: str, values: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"typeName": name, "typeClass": "compound", "multiple": True, "value": list(values)}
