"""The packages of runs as SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rpz import __version__
from rpz.provenance.export.bill import bill_of, purl_of
from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.config.model import Package
    from rpz.provenance.export.bill import Bill
    from rpz.provenance.source import Source

NOBODY_SAID = "NOASSERTION"
RUNS = "SPDXRef-runs"
NO_ADDRESS = str.maketrans("()", "[]")
"""Of a person, what is in parentheses is taken for an address of mail."""


def text(source: Source) -> Iterator[str]:
    """Yield the document."""
    yield json.dumps(document_of(bill_of(source)), indent=1)
    yield "\n"


def document_of(bill: Bill) -> dict[str, Any]:
    """Return a bill as what JSON takes."""
    packages = [_package(f"SPDXRef-{n}", package) for n, package in enumerate(bill.packages)]
    people = [f"Person: {printable(name).translate(NO_ADDRESS)}" for name in bill.authors]
    runs = _named(RUNS, bill.name, bill.version)
    runs["licenseDeclared"] = bill.licence or NOBODY_SAID
    runs |= {"originator": people[0]} if people else {}
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": f"urn:uuid:{bill.serial}",
        "creationInfo": {
            "created": f"{bill.made:%Y-%m-%dT%H:%M:%SZ}",
            "creators": [f"Tool: rpz-{__version__}", *people],
        },
        "packages": [runs, *packages],
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", RUNS),
            *(_relation(RUNS, "DEPENDS_ON", package["SPDXID"]) for package in packages),
        ],
    }


def _package(name: str, package: Package) -> dict[str, Any]:
    described = _named(name, printable(package.name), printable(package.version))
    if (purl := purl_of(package)) is not None:
        described["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl.to_string(),
            }
        ]
    return described


def _named(identifier: str, name: str, version: str) -> dict[str, Any]:
    said = {"versionInfo": version} if version else {}
    return {
        "SPDXID": identifier,
        "name": name,
        **said,
        "downloadLocation": NOBODY_SAID,
        "filesAnalyzed": False,
        "licenseConcluded": NOBODY_SAID,
        "licenseDeclared": NOBODY_SAID,
        "copyrightText": NOBODY_SAID,
    }


def _relation(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}
