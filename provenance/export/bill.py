"""What runs consisted of: the packages that they used, for bills of materials."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rpz.provenance.export.names import Described
from rpz.provenance.graph.captions import printable
from rpz.provenance.installed import recorded
from rpz.provenance.publication.storage import publication_of_pack, read_publication
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from packageurl import PackageURL

    from rpz.packer.config.model import Package
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.source import Source

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Bill:
    """What runs were made of: the packages, what it is all called, when the last of them ended.

    ``serial`` is the same for the same runs. ``licence`` and ``authors`` are of the runs, not of
    the packages.
    """

    name: str
    version: str
    licence: str
    authors: tuple[str, ...]
    serial: uuid.UUID
    made: datetime
    packages: tuple[Package, ...]


def bill_of(source: Source) -> Bill:
    """Return the bill of runs: of all, what is packed with them; of some, what those used.

    It lacks packages where there is no configuration to tell them.
    """
    publication = publication_of(source)
    names = "\n".join(Described(source.database, run).url for run in source.runs)
    return Bill(
        name=publication.title or printable(source.path.stem.lstrip(".")),
        version=publication.version,
        licence=publication.licence,
        authors=tuple(author.name for author in publication.authors),
        serial=uuid.uuid5(uuid.NAMESPACE_URL, names),
        made=datetime.fromtimestamp(source.last // SECOND, timezone.utc),
        packages=_packages(source),
    )


def _packages(source: Source) -> tuple[Package, ...]:
    config = source.config
    packed = config.packages if config is not None else ()
    if len(source.runs) == sum(1 for _ in source.database.rows(RunRow)):
        return packed
    used = {(p.name, p.version, p.purl)
            for run in source.runs for p in recorded(source.database, run.id)}  # fmt: skip
    return tuple(package for package in packed if package.key in used or not used)


def publication_of(source: Source) -> Publication:
    """Return what is told of who made the runs, under which licence."""
    if source.pack is not None:
        return publication_of_pack(source.pack)
    return read_publication(source.path)


def purl_of(package: Package) -> PackageURL | None:
    """Return the URL of a package; None if it has none, or a pack tells one that is none."""
    from packageurl import PackageURL

    try:
        return PackageURL.from_string(package.purl) if package.purl else None
    except ValueError:
        return None
