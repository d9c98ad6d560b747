"""What goes to archives and registries beside a pack: a row for each file."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.provenance.publication.citation import cff
from rpz.provenance.publication.citation.cited import cited
from rpz.provenance.publication.storage import read_publication
from rpz.provenance.publication.swhid import code_of, digests_of
from rpz.provenance.source import SourceError, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rpz.provenance.publication.citation.cited import Cited
    from rpz.provenance.publication.swhid import Code


@dataclass(frozen=True)
class Beside:
    """A file that goes with a pack: its media type, and its text, of a pack and how it is cited."""

    media_type: str
    text: Callable[[Path, Cited], str]


FILES = {"CITATION.cff": Beside("application/yaml", lambda _pack, what: cff.document(what))}
"""By their names."""


@dataclass(frozen=True)
class Companion:
    """A file beside a pack as it is on the disk."""

    path: Path
    name: str
    media_type: str


def cited_pack(pack: Path) -> Cited:
    """Return what citations of a pack are made of."""
    started = pack.stat().st_mtime_ns
    code: tuple[Code, ...] = ()
    with contextlib.suppress(SourceError), opened(str(pack)) as source:  # ReproZip's, say
        started, code = source.run.started, tuple(code_of(source))
    return cited(read_publication(pack), digests_of(pack), started, code)


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

    Raises:
        RpzError: the publication says too little.

    """
    what = cited_pack(pack)
    found = []
    for name, beside in FILES.items():
        (folder / name).write_text(beside.text(pack, what), "utf-8", "surrogateescape")
        found.append(Companion(folder / name, name, beside.media_type))
    signature = signature_of(pack)
    if signature.is_file():
        found.append(Companion(signature, signature.name, "application/octet-stream"))
    return found
