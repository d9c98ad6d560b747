"""The digest of what is written to a file that keeps nothing."""

from __future__ import annotations

import hashlib
import io


class Digest(io.RawIOBase):
    """Digests what is written to it; ``size`` is in bytes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._digest = hashlib.sha256(usedforsecurity=False)
        self.size = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Add bytes."""
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was written."""
        return self._digest.hexdigest()
