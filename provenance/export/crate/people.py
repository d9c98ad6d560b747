"""Who made a publication, who pays and who keeps it, as entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.export.names import in_url
from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from rpz.provenance.export.crate.metadata import Metadata, Reference
    from rpz.provenance.export.names import Described
    from rpz.provenance.publication.model import Author, Organization, Publication


ARCHIVES = {
    "zenodo": "https://zenodo.org/",
    "figshare": "https://figshare.com/",
    "dryad": "https://datadryad.org/",
    "osf": "https://osf.io/",
    "open science framework": "https://osf.io/",
    "harvard dataverse": "https://dataverse.harvard.edu/",
    "software heritage": "https://www.softwareheritage.org/",
    "pangaea": "https://www.pangaea.de/",
}
"""Where the usual archives are, by their names in lower case."""


def page_of(place: Organization) -> str:
    """Return a page of a place; "" where none is known."""
    return place.url or ARCHIVES.get(place.name.casefold(), "")


def add_organization(metadata: Metadata, place: Organization) -> Reference:
    """Describe a place."""
    page = page_of(place)
    name = page or f"#organization-{in_url(place.name).replace('/', '%2F')}"
    return metadata.add(name, "Organization", name=place.name, url=page)


def add_author(metadata: Metadata, author: Author) -> Reference:
    """Describe an author."""
    return metadata.add(
        _name_of(author),
        "Person",
        name=author.name,
        familyName=author.family,
        givenName=author.given,
        affiliation=[add_organization(metadata, place) for place in author.affiliations],
    )


def add_agent(metadata: Metadata, run: Described, publication: Publication) -> Reference:
    """Describe who ran a run: one of the authors, if the ORCID or the name is theirs."""
    base, end = run.person
    facts = [("who", "git name"), ("who", "name"), ("who", "user")]
    names = (printable(run.fact(*one)) for one in facts)
    name = next(filter(None, names), f"user {run.run.uid} of {printable(run.run.hostname)}")
    for author in publication.authors:
        if author.url == f"{base}{end}" or author.name.casefold() == name.casefold():
            return {"@id": _name_of(author)}
    return metadata.add(f"{base}{end}", "Person", name=name)


def _name_of(author: Author) -> str:
    return author.url or f"#author-{in_url(author.name).replace('/', '%2F')}"
