"""What a publication lacks to be a crate that validators find nothing in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rpz.provenance.export.crate.people import page_of
from rpz.provenance.publication.authors import organization
from rpz.provenance.publication.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.publication.model import Publication

log = logging.getLogger(__name__)

LICENCE = "The Root Data Entity MUST have a `license` property"
"""In the words of roc-validator, as all that follow."""
AUTHOR = (
    "The Root Data Entity SHOULD have a link to a Contextual Entity representing the `author`"
    " of the RO-Crate"
)
AFFILIATION = "The author SHOULD have an organizational affiliation"
URL = "The organization SHOULD have a URL"
PUBLISHER = "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`"


def check(publication: Publication) -> None:
    """Tell what should be told, and demand what must be.

    Raises:
        PublicationError: there is no licence.

    """
    if not publication.licence:
        raise PublicationError(
            f"Nothing is told of the licence: {LICENCE}",
            "Say it: rpz meta --licence CC-BY-4.0 TRACE-or-PACK, or another id of SPDX",
        )
    for words, what in _wishes(publication):
        log.warning("%s; say it: rpz meta %s TRACE-or-PACK", words, what)


def _wishes(publication: Publication) -> Iterator[tuple[str, str]]:
    author = "--author 'Family, Given <ORCID> (Affiliation; ROR)'"
    places = [place for person in publication.authors for place in person.affiliations]
    if not publication.authors:
        yield AUTHOR, author
    elif any(not person.affiliations for person in publication.authors):
        yield AFFILIATION, author
    if not all(map(page_of, places)):
        yield URL, author
    if not publication.publisher:
        yield PUBLISHER, "--publisher NAME"
    elif not page_of(organization(publication.publisher)):
        yield URL, "--publisher 'NAME; ROR'"
