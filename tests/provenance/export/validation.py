"""What the validators of others find in what was exported."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import bagit
from prov.model import ProvDocument

from tests.conftest import require

VALIDATORS = Path(__file__).parent / "validators"


def found_in(*crates: Path) -> list[list[list[str]]]:
    """Return what roc-validator finds in each crate, and what its codemeta.json has no word for.

    Each is severity, words, and in what.
    """
    python = _program("RPZ_ROC_VALIDATOR", "Python that has roc-validator")
    done = subprocess.run(
        [python, VALIDATORS / "crates.py", *crates], check=True, capture_output=True, timeout=120
    )
    found = json.loads(done.stdout)
    return [found[str(one)] for one in crates]


def wrong_bills(*bills: Path) -> int:
    """Return how many bills of materials are wrong: one of CycloneDX, one of SPDX, and so on."""
    python = _program("RPZ_BILLS", "Python that has cyclonedx and spdx-tools")
    argv = [python, VALIDATORS / "bills.py", *bills]
    return subprocess.run(argv, check=False).returncode


def swhids(*paths: Path) -> list[str]:
    """Return the SWHID that Software Heritage's library gives each file or folder."""
    python = _program("RPZ_BILLS", "Python that has swh.model")
    argv = [python, VALIDATORS / "swhids.py", *paths]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()


def is_citation(path: Path) -> bool:
    """Whether cffconvert takes a citation file."""
    program = _program("RPZ_CFFCONVERT", "cffconvert")
    argv = [program, "--validate", "--infile", path]
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def is_prov(path: Path) -> bool:
    """Whether the library of PROV reads activities, and gives back what it has read."""
    read = ProvDocument.deserialize(path)
    again = ProvDocument.deserialize(content=read.serialize())
    return bool(read == again and any(record.is_element() for record in read.records))


def assert_valid(crate: Path, bag: Path) -> None:
    """Have everything in a crate read by those who it is for, and the bag of it."""
    assert found_in(crate) == [[]]
    assert wrong_bills(crate / "bom.cdx.json", crate / "bom.spdx.json") == 0
    assert is_citation(crate / "CITATION.cff")
    assert is_prov(crate / "prov.json")
    assert bagit.Bag(os.fspath(bag)).validate()


def _program(variable: str, what: str) -> str:
    found = os.environ.get(variable)
    require(found, f"no {what}: {variable} names none")
    assert found
    return found
