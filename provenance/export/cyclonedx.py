"""The packages of runs as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id

from rpz import __version__
from rpz.provenance.export.bill import bill_of, purl_of
from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.config.model import Package
    from rpz.provenance.source import Source


def text(source: Source) -> Iterator[str]:
    """Yield the document."""
    bill = bill_of(source)
    runs = Component(
        name=bill.name,
        version=bill.version or None,
        type=ComponentType.APPLICATION,
        bom_ref="runs",
        licenses=[_licence(bill.licence)] if bill.licence else [],
        authors=[OrganizationalContact(name=printable(name)) for name in bill.authors],
    )
    bom = Bom(serial_number=bill.serial)
    bom.metadata.timestamp = bill.made
    bom.metadata.component = runs
    bom.metadata.tools.components.add(
        Component(name="rpz", version=__version__, type=ComponentType.APPLICATION)
    )
    components = [_component(number, package) for number, package in enumerate(bill.packages)]
    bom.components.update(components)
    bom.register_dependency(runs, components)
    yield JsonV1Dot6(bom).output_as_string(indent=1)
    yield "\n"


def _licence(licence: str) -> DisjunctiveLicense | LicenseExpression:
    if " " in licence:
        return LicenseExpression(licence)
    known = is_supported_id(licence)
    return DisjunctiveLicense(id=licence) if known else DisjunctiveLicense(name=licence)


def _component(number: int, package: Package) -> Component:
    manager = [Property(name="rpz:manager", value=package.manager)] if package.manager else []
    return Component(
        name=printable(package.name),
        version=printable(package.version) or None,
        type=ComponentType.LIBRARY,
        bom_ref=f"package-{number}",
        purl=purl_of(package),
        properties=manager,
    )
