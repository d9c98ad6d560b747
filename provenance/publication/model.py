"""What is told of runs when they are published (``docs/publishing.md``).

Every field may be empty: packing asks for none, only exports and deposits do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Organization:
    """A place where people work, or that pays; ``ror`` is its id (``02feahw73``), without a URL."""

    name: str
    ror: str = ""

    @property
    def url(self) -> str:
        """The id as a link; empty if there is none."""
        return f"https://ror.org/{self.ror}" if self.ror else ""


@dataclass(frozen=True)
class Author:
    """Who made it; one without a ``given`` name is called by ``family`` alone (a group, say).

    ``orcid`` is an id as ``0000-0002-1825-0097``, without a URL.
    """

    family: str
    given: str = ""
    orcid: str = ""
    affiliations: tuple[Organization, ...] = ()

    @property
    def name(self) -> str:
        """The full name, the given name first."""
        return f"{self.given} {self.family}" if self.given else self.family

    @property
    def url(self) -> str:
        """The ORCID as a link; empty if there is none."""
        return f"https://orcid.org/{self.orcid}" if self.orcid else ""


@dataclass(frozen=True)
class Funding:
    """Who paid, and under which number of an award."""

    funder: Organization
    award: str = ""


class Relation(Enum):
    """What the pack is to something else that has a DOI: relation types of DataCite 4.5."""

    IS_SUPPLEMENT_TO = "IsSupplementTo"
    IS_CITED_BY = "IsCitedBy"
    IS_DOCUMENTED_BY = "IsDocumentedBy"
    IS_DESCRIBED_BY = "IsDescribedBy"
    IS_DERIVED_FROM = "IsDerivedFrom"
    IS_NEW_VERSION_OF = "IsNewVersionOf"
    IS_VARIANT_FORM_OF = "IsVariantFormOf"
    IS_PART_OF = "IsPartOf"
    IS_COMPILED_BY = "IsCompiledBy"
    REQUIRES = "Requires"
    REFERENCES = "References"
    CITES = "Cites"


@dataclass(frozen=True)
class Related:
    """Something that is published already: its DOI (``10.…``), and what the pack is to it."""

    doi: str
    relation: Relation = Relation.IS_SUPPLEMENT_TO


@dataclass(frozen=True)
class Publication:
    """All that is told; ids are checked and in one form when this was read from anywhere.

    ``licence`` is an SPDX id, or an expression of such; ``doi`` is of the pack itself, reserved or
    registered; ``version`` is the authors' own, ``date`` the day of publication (``2026-11-22``).
    """

    title: str = ""
    description: str = ""
    authors: tuple[Author, ...] = ()
    licence: str = ""
    keywords: tuple[str, ...] = ()
    funding: tuple[Funding, ...] = ()
    related: tuple[Related, ...] = ()
    version: str = ""
    date: str = ""
    publisher: str = ""
    doi: str = ""

    @property
    def doi_url(self) -> str:
        """The DOI as a link; empty if there is none."""
        return f"https://doi.org/{self.doi}" if self.doi else ""

    @property
    def licence_url(self) -> str:
        """The licence as a link; empty if there is none, or if it is an expression of several."""
        is_one = bool(self.licence) and " " not in self.licence
        return f"https://spdx.org/licenses/{self.licence}" if is_one else ""
