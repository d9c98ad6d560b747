"""R packages: a folder each in a library, whose ``DESCRIPTION`` says what it is.

An installed one has ``Meta/package.rds``, which R reads whenever it attaches the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import Marker, content_of, contents_in, packages_in, text_of
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

NAME = "r"
MARK = b"Meta/package.rds"


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    return packages_in(Marker(MARK).roots(paths), _read)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Return packages with all their files."""
    return contents_in(some, Marker(MARK).above)


def _read(root: bytes) -> Package | None:
    from email.parser import Parser  # a DCF file has the form of a mail's header

    said = Parser().parsestr(text_of(content_of(root + b"/DESCRIPTION")), headersonly=True)
    fields = {key: " ".join(str(value).split()) for key, value in said.items()}
    if not {"Package", "Version", "Built"} <= fields.keys():
        return None
    name, version = fields["Package"], fields["Version"]
    return Package(name, version, (), manager=NAME, purl=_purl(fields))


def _purl(fields: Mapping[str, str]) -> str:
    name, version = fields["Package"], fields["Version"]
    if fields.get("RemoteType") == "github" and "RemoteSha" in fields:
        owner, repository = fields.get("RemoteUsername", ""), fields.get("RemoteRepo", name)
        return purl("github", repository, fields["RemoteSha"], owner)
    kind = "bioconductor" if "biocViews" in fields else "cran"
    return purl(kind, name, version)
