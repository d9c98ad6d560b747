"""``codemeta.json``, by which archives of software read who made it (CodeMeta 3.0)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rpz.provenance.export.account import accounts_of
from rpz.provenance.export.bill import bill_of, publication_of
from rpz.provenance.graph.captions import printable
from rpz.provenance.publication.model import Relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.export.account import Account
    from rpz.provenance.publication.model import Author, Organization, Publication
    from rpz.provenance.source import Source

CONTEXT = "https://w3id.org/codemeta/3.0"


def text(source: Source) -> Iterator[str]:
    """Yield the document."""
    name = bill_of(source).name
    document = document_of(publication_of(source), accounts_of(source), name)
    yield json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def document_of(told: Publication, accounts: Sequence[Account], name: str) -> dict[str, Any]:
    """Return what JSON takes; ``name`` is used where no title is told."""
    facts = [fact for account in accounts for fact in account.described.facts]
    remotes = [printable(f.value) for f in facts if (f.topic, f.name) == ("code", "remote")]
    packages = {p.key: p for account in accounts for p in account.packages}
    run = accounts[-1].run
    return _filled(
        {
            "@context": CONTEXT,
            "type": "SoftwareSourceCode",
            "name": told.title or name,
            "description": told.description,
            "author": [_author(author) for author in told.authors],
            "license": told.licence_url or told.licence,
            "keywords": list(told.keywords),
            "version": told.version,
            "datePublished": told.date,
            "identifier": told.doi_url,
            "publisher": _named("Organization", told.publisher),
            "funder": [_organization(paid.funder) for paid in told.funding],
            "funding": "; ".join(filter(None, (paid.award for paid in told.funding))),
            "referencePublication": [
                {"type": "schema:ScholarlyArticle", "id": f"https://doi.org/{related.doi}"}
                for related in told.related
                if related.relation is Relation.IS_SUPPLEMENT_TO
            ],
            "codeRepository": next((one for one in remotes if "://" in one), ""),
            "operatingSystem": f"{run.distribution} {run.distribution_version}".strip(),
            "processorRequirements": run.architecture,
            "softwareRequirements": [
                _filled(
                    {
                        "type": "SoftwareApplication",
                        "name": printable(package.name),
                        "softwareVersion": printable(package.version),
                        "identifier": package.purl,
                    }
                )
                for package in packages.values()
            ],
        }
    )


def _author(author: Author) -> dict[str, Any]:
    return _filled(
        {
            "type": "Person",
            "id": author.url,
            "familyName": author.family,
            "givenName": author.given,
            "affiliation": [_organization(place) for place in author.affiliations],
        }
    )


def _organization(place: Organization) -> dict[str, Any]:
    return _filled({"type": "Organization", "id": place.url, "name": place.name})


def _named(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "name": name} if name else {}


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value}
