"""Runs as actions: who did what with what, and what came of it."""

from __future__ import annotations

import posixpath
import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.provenance.export.contents import Wanted
from rpz.provenance.export.crate.images import image_of
from rpz.provenance.export.crate.people import add_agent
from rpz.provenance.export.names import CONTENT, OWN, content_name, in_url
from rpz.provenance.export.tool import page_of
from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rpz.packer.config.model import Package
    from rpz.provenance.export.account import Account, Used
    from rpz.provenance.export.crate.metadata import Metadata, Reference
    from rpz.provenance.export.tool import Tool
    from rpz.provenance.publication.model import Publication

COMPLETED = "http://schema.org/CompletedActionStatus"
FAILED = "http://schema.org/FailedActionStatus"
SECOND = 1e9


class Actions:
    """What makes actions; ``places`` are the files that are in the crate, where they are."""

    def __init__(
        self, metadata: Metadata, publication: Publication, places: Mapping[Wanted, Reference]
    ) -> None:
        """Begin with none."""
        self._metadata, self._publication, self._places = metadata, publication, places
        self._needed: dict[str, dict[tuple[str, ...], Package]] = defaultdict(dict)

    def add_all(self, accounts: Sequence[Account]) -> list[Reference]:
        """Describe runs; what several are runs of has the packages of all of them."""
        for account in accounts:
            of_all = self._needed[account.tool.identifier]
            of_all.update({package.key: package for package in account.packages})
        return [self._add(account) for account in accounts]

    def _add(self, account: Account) -> Reference:
        run, number = account.run, f"#run{account.run.id}"
        started, ended = account.started, account.ended
        return self._metadata.add(
            number,
            "CreateAction" if account.outputs else "ActivateAction",
            name=printable(run.label),
            description=printable(shlex.join(account.argv)),
            identifier=account.described.url.rstrip("#"),
            startTime=started.isoformat(timespec="milliseconds") if started else None,
            endTime=ended.isoformat(timespec="milliseconds") if ended else None,
            agent=add_agent(self._metadata, account.described, self._publication),
            instrument=self._tool(account.tool),
            object=[*map(self._file, account.inputs), *self._parameters(account, number)],
            result=[self._file(file) for file in account.outputs],
            actionStatus=FAILED if account.failure else COMPLETED,
            error=account.failure,
            environment=[
                self._value(f"{number}-env-{in_url(name)}", name, printable(value))
                for name, value in account.environment
            ],
            containerImage=self._image(account, number),
            resourceUsage=list(self._usage(account, number)),
        )

    def _tool(self, tool: Tool) -> Reference:
        version = {"version" if tool.is_script else "softwareVersion": tool.version}
        return self._metadata.add(
            tool.identifier,
            "SoftwareSourceCode" if tool.is_script else "SoftwareApplication",
            name=tool.name,
            url=tool.url,
            alternateName=printable(tool.path),
            softwareRequirements=[
                self._package(package) for package in self._needed[tool.identifier].values()
            ],
            **version,
        )

    def _package(self, package: Package) -> Reference:
        name, version = printable(package.name), printable(package.version)
        page = page_of(package)
        own = f"{page}#{in_url(package.name)}={in_url(package.version)}"
        return self._metadata.add(
            own,
            "SoftwareApplication",
            name=name,
            softwareVersion=version or "not known",
            url=page,
            identifier=package.purl,
        )

    def _file(self, file: Used) -> Reference:
        """Describe a file that is in the crate already, or else one that is told of only."""
        name, size = printable(posixpath.basename(file.path)), None
        identifier, sha256 = f"{OWN}file:{in_url(file.path)}", None
        if file.content is not None:
            size, sha256 = str(file.content.size), file.content.sha256
            identifier = f"{CONTENT}{content_name(file.path, file.content)}"
            if place := self._places.get(Wanted(file.path, sha256)):
                return place
        return self._metadata.add(
            identifier,
            "CreativeWork",
            name=name,
            alternateName=printable(file.path),
            size=f"{size} bytes" if size else None,
            sha256=sha256,
        )

    def _parameters(self, account: Account, run: str) -> Iterator[Reference]:
        for number, (name, value, source) in enumerate(account.parameters):
            set_by = f"set by {printable(source)}" if source else "set by an argument"
            identifier = f"{run}-parameter-{number}"
            yield self._value(identifier, printable(name), printable(value), description=set_by)

    def _usage(self, account: Account, run: str) -> Iterator[Reference]:
        row = account.run
        times = (("wallClockTime", account.wall), ("userTime", row.user_time),
                 ("systemTime", row.system_time))  # fmt: skip
        for name, value in times:
            if value is not None:
                seconds = f"{value / SECOND:.3f}"
                yield self._value(
                    f"{run}-{name}", name, seconds, propertyID=f"{OWN}{name}", unitCode="SEC"
                )
        if row.peak_memory is not None:
            name, size = "peakMemory", str(row.peak_memory)
            yield self._value(
                f"{run}-{name}", name, size, propertyID=f"{OWN}{name}", unitText="bytes"
            )

    def _value(self, identifier: str, name: str, value: str, **said: str) -> Reference:
        return self._metadata.add(identifier, "PropertyValue", name=name, value=value, **said)

    def _image(self, account: Account, run: str) -> Reference | None:
        if (image := image_of(account.described)) is None:
            return None
        return self._metadata.add(f"{run}-image", "ContainerImage", **image)
