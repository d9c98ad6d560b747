"""A Process Run Crate 0.5: the runs, described for programs and people, with the pack beside."""

from __future__ import annotations

import datetime as dt
import json
import logging
import mimetypes
import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING, Any

from rpz.packer.secrets.files import forms_in
from rpz.packer.withheld import credential
from rpz.provenance.export import cyclonedx, prov_json, spdx
from rpz.provenance.export.account import accounts_of
from rpz.provenance.export.bill import publication_of
from rpz.provenance.export.codemeta import document_of
from rpz.provenance.export.crate.actions import Actions
from rpz.provenance.export.crate.complete import check
from rpz.provenance.export.crate.metadata import Metadata
from rpz.provenance.export.crate.people import add_author, add_organization
from rpz.provenance.export.crate.preview import preview
from rpz.provenance.export.layout import laid_out
from rpz.provenance.export.readme import Packed, Readme
from rpz.provenance.graph.captions import printable
from rpz.provenance.publication.authors import organization
from rpz.provenance.publication.citation import cff
from rpz.provenance.publication.citation.cited import cited
from rpz.provenance.publication.swhid import code_of, digests_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rpz.provenance.export import Choice
    from rpz.provenance.export.contents import Wanted
    from rpz.provenance.export.crate.metadata import Reference
    from rpz.provenance.source import Source

log = logging.getLogger(__name__)

PLAIN_NAME = re.compile(r"[\w-][\w.+=-]*\.rpz", re.ASCII)
MOST = 10
"""Files that are named one by one on the terminal."""
DESCRIPTION = "ro-crate-metadata.json"
PREVIEW = "ro-crate-preview.html"
README = "README.md"
CITATION = "CITATION.cff"
CODEMETA = "codemeta.json"
DOCUMENTS: dict[str, tuple[str, str, Callable[[Source], Iterator[str]] | None]] = {
    README: ("What this is, what it needs, how to run it", "text/markdown", None),
    CITATION: ("How to cite it (Citation File Format)", "application/yaml", None),
    CODEMETA: ("Who made it, for archives of software", "application/ld+json", None),
    "bom.cdx.json": ("The packages, as CycloneDX", "application/vnd.cyclonedx+json",
                     cyclonedx.text),
    "bom.spdx.json": ("The packages, as SPDX", "application/spdx+json", spdx.text),
    "prov.json": ("What the runs did, as W3C PROV", "application/json", prov_json.text),
}  # fmt: skip
"""What lies beside the pack: what it is, its kind, and what makes it if the runs are enough."""


def media_types() -> Mapping[str, str]:
    """Return the kinds of a crate's files, beside the pack and what is laid out, by their names."""
    kinds = {name: kind for name, (_, kind, _) in DOCUMENTS.items()}
    return {**kinds, DESCRIPTION: "application/ld+json", PREVIEW: "text/html"}


def fill(source: Source, folder: Path, choice: Choice) -> None:
    """Put a crate into a new folder.

    Raises:
        PublicationError: nothing is told of the licence.
        RpzError: the pack is damaged, or has no trace.

    """
    check(publication_of(source))
    crate = _Crate(source, folder, choice)
    crate.warn_of(choice.variables)
    crate.write_documents()
    metadata = crate.metadata().text()
    (folder / DESCRIPTION).write_text(metadata, "utf-8")
    readme = (folder / README).read_text("utf-8")
    (folder / PREVIEW).write_text(preview(crate.title, readme, metadata), "utf-8")


class _Crate:
    """A crate on its way: files are put into the folder before they are described."""

    def __init__(self, source: Source, folder: Path, choice: Choice) -> None:
        self._source, self._folder = source, folder
        self._told = publication_of(source)
        self._accounts = accounts_of(source, choice.variables)
        self._pack = _packed(source, folder, linked=choice.linked)
        self._places: Mapping[Wanted, str] = {}
        self._lost: list[bytes] = []
        if choice.with_files:
            self._places, self._lost = laid_out(source, self._accounts, folder)
        for place in self._places.values():
            if forms := forms_in(os.fsencode(folder / place)):
                what = ", ".join(forms)
                log.warning("%s holds what looks like a secret (%s): look at it", place, what)
        for path in self._lost[:MOST]:
            log.warning("Not laid out, since %s: %s", _why(path), printable(path))
        if len(self._lost) > MOST:
            log.warning("Neither are %d others: %s has some more", len(self._lost) - MOST, README)

    @property
    def title(self) -> str:
        """What it is called, told or not."""
        return self._told.title or f"Runs of {self._accounts[-1].tool.name}"

    @property
    def description(self) -> str:
        """What it is, told or not."""
        commands = "; ".join(shlex.join(account.argv) for account in self._accounts)
        return self._told.description or f"Traced runs, and what they need: {printable(commands)}"

    def warn_of(self, variables: Sequence[str]) -> None:
        """Say which variables are not told, though it was asked for."""
        told = {name for account in self._accounts for name, _ in account.environment}
        secret = {name for account in self._accounts for name in account.withheld.variables}
        for name in dict.fromkeys(variables):
            if name not in told:
                why = "it was withheld" if name in secret else "no run was given it"
                log.warning("%s is not told: %s", name, why)

    def write_documents(self) -> None:
        """Write all but the description and the page that shows it."""
        for name, (_, _, text) in DOCUMENTS.items():
            if text is not None:
                with (self._folder / name).open("w", encoding="utf-8") as file:
                    file.writelines(text(self._source))
        codemeta = document_of(self._told, self._accounts, self.title)
        (self._folder / CODEMETA).write_text(json.dumps(codemeta, indent=1) + "\n", "utf-8")
        self._write_citation()
        (self._folder / README).write_text(self._readme().text(), "utf-8")

    def _write_citation(self) -> None:
        if self._pack is None or not (self._told.title and self._told.authors):
            log.warning("No %s: it needs a pack, a title and an author (rpz meta)", CITATION)
            return
        code = tuple(code_of(self._source))
        told = cited(self._told, self._pack.digests, self._source.last, code)
        (self._folder / CITATION).write_text(cff.document(told), "utf-8")

    def _readme(self) -> Readme:
        shown = {name: what for name, (what, _, _) in DOCUMENTS.items() if self._has(name)}
        return Readme(
            title=self.title,
            description=self.description,
            publication=self._told,
            accounts=self._accounts,
            pack=self._pack,
            places=self._places,
            lost=self._lost,
            documents={**shown, DESCRIPTION: "All of this, for programs (RO-Crate)"},
        )

    def _has(self, name: str) -> bool:
        return (self._folder / name).exists()

    def metadata(self) -> Metadata:
        """Describe all that is in the folder."""
        metadata = Metadata()
        self._add_root(metadata)
        places = self._add_files(metadata)
        actions = Actions(metadata, self._told, places)
        metadata.root(mentions=actions.add_all(self._accounts))
        return metadata

    def _add_root(self, metadata: Metadata) -> None:
        told = self._told
        today = dt.datetime.now(dt.timezone.utc).date().isoformat()
        metadata.root(
            name=self.title,
            description=self.description,
            datePublished=told.date or today,
            license=self._licence(metadata),
            author=[add_author(metadata, author) for author in told.authors],
            publisher=told.publisher
            and add_organization(metadata, organization(told.publisher)),
            keywords=", ".join(told.keywords),
            version=told.version,
            identifier=told.doi_url,
            citation=[
                metadata.add(f"https://doi.org/{one.doi}", "CreativeWork",
                             name=f"{one.relation.value} {one.doi}")
                for one in told.related
            ],
            funder=[add_organization(metadata, paid.funder) for paid in told.funding],
        )  # fmt: skip

    def _licence(self, metadata: Metadata) -> Reference:
        name = self._told.licence
        identifier = self._told.licence_url or "#licence"
        what = f"The licence of the crate, by its name in the list of SPDX: {name}"
        return metadata.add(identifier, "CreativeWork", name=name, description=what)

    def _add_files(self, metadata: Metadata) -> dict[Wanted, Reference]:
        if self._pack is not None:
            metadata.add_file(
                self._folder,
                self._pack.name,
                description="The runs, with all that they need: rpz unpack chroot FILE FOLDER",
                encodingFormat="application/x-tar",
                sha256=self._pack.digests.sha256,
                identifier=self._pack.digests.swhid,
            )
        for name, (what, kind, _) in DOCUMENTS.items():
            if self._has(name):
                metadata.add_file(self._folder, name, description=what, encodingFormat=kind)
        return {
            one: metadata.add_file(self._folder, place, **_described(one, place))
            for one, place in self._places.items()
        }


def _why(path: bytes) -> str:
    kept = credential(path, None)
    return f"it is not others' to have ({kept})" if kept else "nobody has it as it was"


def _described(one: Wanted, place: str) -> dict[str, Any]:
    kind, encoding = mimetypes.guess_type(place)
    return {
        "alternateName": printable(one.path),
        "encodingFormat": (kind if encoding is None else None) or "application/octet-stream",
        "sha256": one.sha256,
    }


def _packed(source: Source, folder: Path, *, linked: bool) -> Packed | None:
    """Put the pack into the crate; None: a trace was named."""
    if source.pack is None:
        return None
    name = os.fsencode(source.path.name).decode("utf-8", "replace")
    name = name if PLAIN_NAME.fullmatch(name) else "experiment.rpz"
    if linked:
        (folder / name).symlink_to(source.path.absolute())
    else:
        shutil.copyfile(source.path, folder / name)
    digests = digests_of(folder / name)
    return Packed(name, (folder / name).stat().st_size, digests, source.pack.summary())
