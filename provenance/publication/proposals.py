"""What could be said of a publication: it stands already beside the code, or in the record."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.packages.folders import Marker
from rpz.packer.packages.git import MARK
from rpz.provenance.publication.authors import author as author_of
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.fields import FIELDS, filled
from rpz.provenance.publication.identifiers import orcid
from rpz.provenance.publication.model import Publication
from rpz.provenance.publication.sources import READERS, read_file
from rpz.provenance.publication.sources.parts import checked
from rpz.tracer.facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.publication.model import Author
    from rpz.provenance.source import Source

log = logging.getLogger(__name__)

RECORD = "the run's record"


@dataclass(frozen=True)
class Proposals:
    """What is proposed, and for every field of it, by its name, who says so."""

    publication: Publication
    origins: dict[str, str]


def proposals(source: Source) -> Proposals:
    """Return what the files beside the runs' working folders, and the record of the last, say."""
    found, origins = Publication(), {}
    for origin, said in _said(source):
        for field in FIELDS:
            if getattr(said, field.name) and not getattr(found, field.name):
                origins[field.name] = origin
        found = filled(found, said)
    return Proposals(found, origins)


def _said(source: Source) -> Iterator[tuple[str, Publication]]:
    for folder in _folders(source):
        for name in READERS:
            path = folder / name
            try:
                yield str(path), read_file(path)
            except PublicationError as error:
                log.warning("Nothing is taken from there: %s", error)
            except OSError:  # it isn't there, as a rule
                continue
    yield RECORD, _recorded(source)


def _folders(source: Source) -> list[Path]:
    """Return the working folders of the runs, the last first, and those of their working trees."""
    above = Marker(MARK).above
    folders: dict[Path, None] = {}
    for run in reversed(source.runs):
        folders[Path(os.fsdecode(run.workingdir))] = None
        if root := above(run.workingdir + b"/."):
            folders[Path(os.fsdecode(root))] = None
    return list(folders)


def _recorded(source: Source) -> Publication:
    facts = facts_of(source.database, source.run.id)
    known = {(row.topic, row.name): row.value.decode(errors="replace") for row in facts}
    author = _author(known)
    return Publication(
        title=known.get(("why", "project"), ""),
        description=known.get(("why", "reason"), ""),
        authors=(author,) if author else (),
        keywords=tuple(row.value.decode(errors="replace") for row in facts if row.name == "tag"),
    )


def _author(known: dict[tuple[str, str], str]) -> Author | None:
    name = known.get(("who", "git name")) or known.get(("who", "name"), "")
    id_ = checked(known.get(("who", "orcid")), orcid)
    try:
        return author_of(f"{name} <{id_}>" if id_ else name)
    except PublicationError:  # no name, or one that is none
        return None
