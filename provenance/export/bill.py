"""What runs consisted of: the packages that they used, for bills of materials."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rpz.provenance.export.names import Described
from rpz.provenance.graph.captions import printable
from rpz.provenance.publication.storage import publication_of_pack, read_publication

if TYPE_CHECKING:
    from packageurl import PackageURL

    from rpz.packer.config.model import Package
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.source import Source

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Bill:
    """The packages that runs used, what it is all called, and when the last of the runs ended.

    ``serial`` is the same for the same runs.
    """

    name: str
    version: str
    serial: uuid.UUID
    made: datetime
    packages: tuple[Package, ...]


def bill_of(source: Source) -> Bill:
    """Return the bill of runs; it lacks packages where there is no configuration to tell them."""
    config = source.config
    publication = publication_of(source)
    names = "\n".join(Described(source.database, run).url for run in source.runs)
    return Bill(
        name=publication.title or printable(source.path.stem.lstrip(".")),
        version=publication.version,
        serial=uuid.uuid5(uuid.NAMESPACE_URL, names),
        made=datetime.fromtimestamp(source.last // SECOND, timezone.utc),
        packages=config.packages if config is not None else (),
    )


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
