"""Where a publication is kept: in the trace folder, and in the pack that is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.packer.archive.format import PUBLICATION
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.rewrite import set_extension
from rpz.packer.atomic import replaced_file
from rpz.provenance.publication.document import (
    LARGEST,
    document_bytes,
    document_of,
    parsed_document,
    publication_of_document,
)
from rpz.provenance.publication.fields import filled
from rpz.provenance.publication.model import Publication
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def read_publication(path: Path) -> Publication:
    """Return what a trace folder or a pack says of its publication; empty if it says nothing.

    Raises:
        PublicationError: what it says is wrong.
        RpzError: it isn't a pack, or is damaged.

    """
    if path.is_dir():
        return _of_folder(TraceFolder(path))
    with Pack.open(path) as pack:
        return publication_of_pack(pack)


def publication_of_pack(pack: Pack) -> Publication:
    """Return what an open pack says of its publication; empty if it says nothing."""
    file = pack.extension(PUBLICATION)
    if file is None:
        return Publication()
    with file:
        return parsed_document(file.read(LARGEST + 1), f"{pack.path}: its publication")


def combined_publication(folders: Iterable[Path]) -> Publication:
    """Return what trace folders say together: of a field that several tell, what the first does."""
    found = Publication()
    for folder in folders:
        found = filled(found, _of_folder(TraceFolder(folder)))
    return found


def _of_folder(folder: TraceFolder) -> Publication:
    try:
        data = folder.publication.read_bytes()
    except FileNotFoundError:
        return Publication()
    return parsed_document(data, str(folder.publication))


def write_publication(path: Path, publication: Publication) -> None:
    """Store a publication in a trace folder or a pack; an empty one is taken out.

    The pack is written anew in one step, its data copied as they are.

    Raises:
        PublicationError: a field is wrong.
        RpzError: another rpz is at work in the folder; it isn't a pack that can be changed.

    """
    publication_of_document(_fields(publication), str(path))  # check what a program may have set
    data = None if publication == Publication() else document_bytes(publication)
    if not path.is_dir():
        set_extension(path, PUBLICATION, data)
        return
    folder = TraceFolder(path)
    with folder.claimed():
        if data is None:
            folder.publication.unlink(missing_ok=True)
            return
        with replaced_file(folder.publication) as file:
            file.write(data)


def _fields(publication: Publication) -> dict[str, object]:
    document = document_of(publication)
    del document["schema"]
    return document
