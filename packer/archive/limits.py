"""How much a pack may ask for before rpz refuses it: a small file can claim to hold any amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.sizes import human_size

if TYPE_CHECKING:
    import os

RATIO = 200
"""Times its own size that a pack's files may take. Tables and logs shrink to a tenth, source code
to a fifth; nothing but zeros to a thousandth, which is all that deflate can do."""
LEAST = 4 << 30
"""Bytes that the files of any pack may take, however small it is."""
LARGEST_FILE = 1 << 44
"""Bytes of the largest file, holes included: ext4 takes no larger one."""
MAX_HEADER = 1 << 22
"""Bytes of a member's headers, which are kept in memory: names, and where a file has holes."""
MAX_PARTS = 10_000
"""Members of the archive besides the packed files; rpz writes about ten."""


def usual_limit(pack_size: int) -> int:
    """Return how many bytes the files of a pack may take, unless who unpacks it says otherwise."""
    return max(LEAST, RATIO * pack_size)


def too_large(path: str | os.PathLike[str], limit: int) -> PackError:
    """Return the error for a pack whose files take more than is allowed."""
    return PackError(
        f"{path} holds more than {human_size(limit)} of files",
        "If you trust it, allow more: --limit-size 2T, for example",
    )
