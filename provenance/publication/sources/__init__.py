"""Files that tell of a publication already: one module, and one row of the table, for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.publication.document import LARGEST, parsed_document
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.sources import cff, codemeta, toml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rpz.provenance.publication.model import Publication

READERS: dict[str, Callable[[bytes, str], Publication]] = {
    "rpz.toml": toml.read,
    "CITATION.cff": cff.read,
    "codemeta.json": codemeta.read,
    "publication.json": parsed_document,
}
"""By the names of the files, the most telling first."""
SUFFIXES = {
    ".toml": "rpz.toml",
    ".cff": "CITATION.cff",
    ".jsonld": "codemeta.json",
    ".json": "publication.json",
}
"""Which of them a file with another name is like."""


def read_file(path: Path) -> Publication:
    """Return what a file says of a publication.

    Raises:
        PublicationError: it is of no kind that is known, or wrong.

    """
    kind = path.name if path.name in READERS else SUFFIXES.get(path.suffix)
    if kind is None:
        raise PublicationError(
            f"{path} is of no kind that rpz knows", f"Give one of {', '.join(READERS)}"
        )
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise PublicationError(f"{path} is greater than {LARGEST} bytes")
    return READERS[kind](data, str(path))
