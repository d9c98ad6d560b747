"""A publication as InvenioRDM's metadata (https://inveniordm.docs.cern.ch/reference/metadata)."""

from __future__ import annotations

import html
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rpz.provenance.publication.model import Author, Funding, Publication


def today() -> str:
    """Return the day, in UTC."""
    return datetime.now(timezone.utc).date().isoformat()


def paragraphs(text: str) -> str:
    """Return plain text as HTML, which both archives take descriptions for."""
    parts = filter(None, (part.strip() for part in text.split("\n\n")))
    return "".join(f"<p>{html.escape(part)}</p>" for part in parts)


def record(publication: Publication, kind: str) -> dict[str, Any]:
    """Return the document of a draft.

    Places and funders go by name: an id that an archive doesn't know would be refused.
    """
    told = publication
    metadata = {
        "title": told.title,
        "resource_type": {"id": kind},
        "publication_date": told.date or today(),
        "creators": [_creator(author) for author in told.authors],
        "description": paragraphs(told.description),
        "rights": [_right(told)] if told.licence else [],
        "subjects": [{"subject": keyword} for keyword in told.keywords],
        "publisher": told.publisher,
        "version": told.version,
        "related_identifiers": [
            {
                "identifier": r.doi,
                "scheme": "doi",
                "relation_type": {"id": r.relation.value.lower()},
            }
            for r in told.related
        ],
        "funding": [_funding(funding) for funding in told.funding],
    }
    return {
        "access": {"record": "public", "files": "public"},
        "files": {"enabled": True},
        "metadata": {name: value for name, value in metadata.items() if value},
    }


def _creator(author: Author) -> dict[str, Any]:
    if author.given:
        person: dict[str, Any] = {
            "type": "personal",
            "family_name": author.family,
            "given_name": author.given,
        }
    else:
        person = {"type": "organizational", "name": author.family}
    if author.orcid:
        person["identifiers"] = [{"scheme": "orcid", "identifier": author.orcid}]
    creator: dict[str, Any] = {"person_or_org": person}
    if author.affiliations:
        creator["affiliations"] = [{"name": place.name} for place in author.affiliations]
    return creator


def _right(publication: Publication) -> dict[str, Any]:
    """Return a licence by its id, which is SPDX's in small letters; of several, their names."""
    if publication.licence_url:
        return {"id": publication.licence.lower()}
    return {"title": {"en": publication.licence}}


def _funding(funding: Funding) -> dict[str, Any]:
    award = {"number": funding.award, "title": {"en": funding.award}} if funding.award else None
    return {"funder": {"name": funding.funder.name}} | ({"award": award} if award else {})
