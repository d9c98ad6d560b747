"""Checksums of files, as servers compare them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rpz.provenance.web.body import BLOCK

if TYPE_CHECKING:
    from pathlib import Path


def checksum(path: Path, algorithm: str) -> str:
    """Return the checksum of a file, in hex digits; ``algorithm`` is one of :mod:`hashlib`."""
    state = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            state.update(block)
    return state.hexdigest()
