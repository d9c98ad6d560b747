"""What goes to archives and registries beside a pack."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.provenance.export import Choice, ro_crate
from rpz.provenance.public import published
from rpz.provenance.publication.citation import cff
from rpz.provenance.publication.citation.cited import cited
from rpz.provenance.publication.storage import read_publication
from rpz.provenance.publication.swhid import code_of, digests_of
from rpz.provenance.source import SourceError, opened

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.provenance.publication.citation.cited import Cited
    from rpz.provenance.publication.swhid import Code


CITATION, CITATION_TYPE = "CITATION.cff", "application/yaml"


@dataclass(frozen=True)
class Companion:
    """A file beside a pack as it is on the disk."""

    path: Path
    name: str
    media_type: str


def cited_pack(pack: Path) -> Cited:
    """Return what citations of a pack are made of."""
    last = pack.stat().st_mtime_ns
    code: tuple[Code, ...] = ()
    with contextlib.suppress(SourceError), opened(str(pack)) as source:  # it may have no trace
        last, code = source.last, tuple(code_of(source))
    return cited(read_publication(pack), digests_of(pack), last, code)


def signature_of(pack: Path) -> Path:
    """Return where the signature of a pack would be."""
    return pack.with_name(f"{pack.name}.sig")


def check_name(pack: Path) -> None:
    """Check that a pack can be called elsewhere what it is called here.

    Raises:
        RpzError: its name is not UTF-8, or has what isn't printed.

    """
    if not pack.name.isprintable():
        raise RpzError(f"{pack} has a name that no server takes", "Give it another: mv")


def companions(pack: Path, folder: Path) -> list[Companion]:
    """Write into a folder what goes beside a pack, and return it, with its signature if it has one.

    It makes a crate of the pack: what describes it, README.md, CITATION.cff, bills of materials. A
    pack without a trace, or without a licence, has CITATION.cff alone.

    Raises:
        RpzError: the publication says too little.

    """
    found = _crate(pack, folder) or [_citation(pack, folder)]
    signature = signature_of(pack)
    if signature.is_file():
        found.append(Companion(signature, signature.name, "application/octet-stream"))
    return found


def _citation(pack: Path, folder: Path) -> Companion:
    path = folder / CITATION
    path.write_text(cff.document(cited_pack(pack)), "utf-8", "surrogateescape")
    return Companion(path, CITATION, CITATION_TYPE)


def _crate(pack: Path, folder: Path) -> list[Companion]:
    """Write a crate around a pack; return its other files: none, if it can't be one."""
    if not (read_publication(pack).licence and ro_crate.PLAIN_NAME.fullmatch(pack.name)):
        return []
    place = folder / "crate"
    place.mkdir()
    try:
        with published(str(pack), contents=True) as source:
            ro_crate.fill(source, place, Choice(linked=True))
    except SourceError:
        return []
    kinds = ro_crate.media_types()
    files = sorted(path for path in place.iterdir() if path.name != pack.name)
    return [Companion(path, path.name, kinds[path.name]) for path in files]
