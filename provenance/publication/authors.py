"""People and organizations in one line, as a person writes them."""

from __future__ import annotations

import re

from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.identifiers import orcid, ror
from rpz.provenance.publication.model import Author, Funding, Organization

_AUTHOR = re.compile(r"(?P<name>[^<>()]+?)\s*(?:<(?P<orcid>[^<>]*)>)?\s*(?P<places>(?:\(.*\))?)")
_PLACE = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
"""One pair of brackets, which may hold another: ``(Inria (Paris); 02kvxyf05)``."""


def author(text: str) -> Author:
    """Return the author of ``Family, Given <ORCID> (Affiliation; ROR)``.

    All but the name may be missing; there may be several affiliations, each in its brackets. A name
    without a comma has its last word as the family's; one word alone is all of it.

    Raises:
        PublicationError: it isn't of that form, or an id is wrong.

    """
    found = _AUTHOR.fullmatch(text.strip())
    places = found["places"] if found else ""
    if not found or _PLACE.sub("", places).strip():
        raise PublicationError(
            f"{text!r} is not an author",
            "Write 'Family, Given <ORCID> (Affiliation; ROR)', of which all but the name may lack",
        )
    family, given = _names(found["name"])
    id_ = orcid(found["orcid"]) if found["orcid"] else ""
    return Author(
        family, given, id_, tuple(organization(place) for place in _PLACE.findall(places))
    )


def organization(text: str) -> Organization:
    """Return the organization of ``Name; ROR``, of which the latter may be missing.

    Raises:
        PublicationError: it has no name, or the id is wrong.

    """
    name, _, id_ = (part.strip() for part in text.partition(";"))
    if not name:
        raise PublicationError(f"{text!r} names no organization", "Write 'Name; ROR'")
    return Organization(name, ror(id_) if id_ else "")


def funding(text: str) -> Funding:
    """Return what ``Funder; ROR: award`` says; ``Funder: award`` and ``Funder`` alone do, too.

    Raises:
        PublicationError: it names no funder, or the id is wrong.

    """
    funder, _, award = text.partition(": ")
    return Funding(organization(funder), award.strip())


def author_line(person: Author) -> str:
    """Return what :func:`author` reads."""
    name = f"{person.family}, {person.given}" if person.given else person.family
    places = [f"({organization_line(place)})" for place in person.affiliations]
    return " ".join([name, *([f"<{person.orcid}>"] if person.orcid else []), *places])


def organization_line(place: Organization) -> str:
    """Return what :func:`organization` reads."""
    return f"{place.name}; {place.ror}" if place.ror else place.name


def funding_line(paid: Funding) -> str:
    """Return what :func:`funding` reads."""
    funder = organization_line(paid.funder)
    return f"{funder}: {paid.award}" if paid.award else funder


def _names(text: str) -> tuple[str, str]:
    family, comma, given = (part.strip() for part in text.partition(","))
    if not comma:
        given, _, family = (part.strip() for part in text.strip().rpartition(" "))
    if not family:
        raise PublicationError(f"{text!r} has no family name", "Write 'Family, Given'")
    return family, given
