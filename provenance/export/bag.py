"""A bag of BagIt, as libraries take it: the crate, with check-sums of all that is in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz import __version__
from rpz.provenance.export.bill import bill_of, publication_of
from rpz.provenance.export.ro_crate import fill as fill_crate
from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.provenance.export import Choice
    from rpz.provenance.source import Source

ALGORITHMS = ["sha256", "sha512"]


def fill(source: Source, folder: Path, choice: Choice) -> None:
    """Put a bag into a new folder: the crate is its ``data``.

    Raises:
        PublicationError: nothing is told of the licence.
        RpzError: the pack is damaged, or has no trace.

    """
    import bagit

    fill_crate(source, folder, choice)
    before = os.getcwd()
    try:
        bagit.make_bag(os.fspath(folder.absolute()), _info(source), checksums=ALGORITHMS)
    finally:
        os.chdir(before)  # bagit goes into the bag, and stays there when it is interrupted


def _info(source: Source) -> dict[str, str]:
    """Return what ``bag-info.txt`` says, on one line each."""
    told = publication_of(source)
    info = {
        "Source-Organization": told.authors[0].affiliations[0].name
        if told.authors and told.authors[0].affiliations
        else "",
        "Contact-Name": told.authors[0].name if told.authors else "",
        "External-Description": told.description or told.title or bill_of(source).name,
        "External-Identifier": told.doi_url,
        "Bag-Software-Agent": f"rpz {__version__}",
    }
    return {name: printable(value) for name, value in info.items() if value}
