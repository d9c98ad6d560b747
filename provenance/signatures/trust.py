"""Whose signatures are believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Trust:
    """Who should have signed.

    ``signer`` is a public key or the file of one, the fingerprint of an SSH key, or a name in
    ``allowed``, which is a list of signers as ``ssh-keygen(1)`` has it. Both may be missing.
    """

    signer: str = ""
    allowed: Path | None = None
