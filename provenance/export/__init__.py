"""The forms in which runs are given to others: a file each, and a row here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rpz.provenance.source import Source


class Place(Enum):
    """What a form is written to: the value is how an option's argument is called."""

    FILE = "FILE"
    FOLDER = "DIR"
    FOLDER_OR_ZIP = "DIR|FILE.zip"


@dataclass(frozen=True)
class Choice:
    """What a person may choose of a form that is a folder.

    ``with_files``: inputs and outputs are laid out as plain files. ``variables`` are names of the
    environment that are told beside the usual ones. ``linked``: the pack is not copied, for who
    takes the other files only.
    """

    with_files: bool = False
    variables: tuple[str, ...] = ()
    linked: bool = False


@dataclass(frozen=True)
class Form:
    """A form: its module has one function, which depends on its place.

    ``text(source)`` yields what a file holds; ``fill(source, folder, choice)`` puts all that is
    wanted into a new folder, which gets its name when it is complete.
    """

    module: str
    what: str
    place: Place = Place.FILE

    @property
    def text(self) -> Callable[[Source], Iterator[str]]:
        """What makes a file; its libraries are imported only now."""
        made: Callable[[Source], Iterator[str]] = importlib.import_module(self.module).text
        return made

    @property
    def fill(self) -> Callable[[Source, Path, Choice], None]:
        """What fills a folder; its libraries are imported only now."""
        made: Callable[[Source, Path, Choice], None] = importlib.import_module(self.module).fill
        return made


FORMS = {
    "prov-json": Form("rpz.provenance.export.prov_json", "W3C PROV, in JSON"),
    "cyclonedx": Form("rpz.provenance.export.cyclonedx", "The packages, as CycloneDX 1.6 in JSON"),
    "spdx": Form("rpz.provenance.export.spdx", "The packages, as SPDX 2.3 in JSON"),
    "ro-crate": Form(
        "rpz.provenance.export.ro_crate",
        "A Process Run Crate 0.5, with the pack in it",
        Place.FOLDER_OR_ZIP,
    ),
    "make": Form("rpz.provenance.export.makefile", "A Makefile with a rule for each run"),
    "snakemake": Form("rpz.provenance.export.snakefile", "A Snakefile with a rule for each run"),
    "datalad": Form(
        "rpz.provenance.export.datalad", "A DataLad dataset that can be rerun", Place.FOLDER
    ),
    "bagit": Form("rpz.provenance.export.bag", "The same crate, as a BagIt bag", Place.FOLDER),
}
"""By the options of ``rpz export``."""
