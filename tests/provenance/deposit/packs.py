"""A pack that may be published."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rpz.provenance.publication.model import Author, Funding, Organization, Publication, Related
from rpz.provenance.publication.storage import write_publication
from tests.conftest import rpz_in

if TYPE_CHECKING:
    from pathlib import Path

CNRS = Organization("CNRS", "02feahw73")
TOLD = Publication(
    title="Figure 1 & more",
    description="One run.\n\nIts <pack>.",
    authors=(
        Author("Doe", "Jane", "0000-0002-1825-0097", (CNRS,)),
        Author("The Group"),
    ),
    licence="CC-BY-4.0",
    keywords=("enzymes",),
    funding=(Funding(CNRS, "12-34"),),
    related=(Related("10.1000/182"),),
    version="1.0",
)


def made_pack(folder: Path) -> Path:
    """Trace a program, and pack it."""
    rpz = rpz_in(folder)
    assert rpz("trace", "sh", "-c", "echo 7 > out").returncode == 0
    done = rpz("pack")
    assert done.returncode == 0, done.stderr
    write_publication(folder / "experiment.rpz", TOLD)
    return folder / "experiment.rpz"


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()
