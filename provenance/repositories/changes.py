"""What isn't committed, as it is kept."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, TypeVar

from rpz.errors import CommandFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Item = TypeVar("Item")

UNKNOWN = b"not known"
"""How the changes begin of a tree that its system refuses, or wasn't quick enough with."""
LARGEST = 1 << 20
"""Bytes of a difference beyond which it isn't kept."""
PATIENCE = 20.0
"""Seconds that a person waits for a list of files or a difference when a run has ended, at most."""
ASKED = 500
"""Paths that a program is asked for at a time: a command has room for so many."""


def changes(difference: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the ``diff`` that a program prints in blocks, or else what is known of the changes."""
    kept, size, digest = bytearray(), 0, hashlib.sha256(usedforsecurity=False)
    try:
        for block in difference:
            size += len(block)
            digest.update(block)
            kept += block[: max(0, LARGEST - len(kept))]
    except CommandFailedError as error:
        yield unknown(error)
        return
    if size > LARGEST or b"\0" in kept:
        what = f"too large to keep: {size} bytes, SHA-256 {digest.hexdigest()}"
        yield "changes", what.encode()
    elif size:
        yield "diff", bytes(kept)


def unknown(error: CommandFailedError) -> tuple[str, bytes]:
    """Return what to say of changes that a program doesn't tell."""
    return "changes", UNKNOWN + b": " + os.fsencode(error.message)


def shared_out(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield some of the items at a time."""
    return (items[i : i + ASKED] for i in range(0, len(items), ASKED))
