"""Folders that every experiment has, whatever is in its pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.unpackers.errors import HostileArchiveError
from rpz.unpackers.members import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.unpackers.members import Member

MOUNT_POINTS = {"proc": 0o555, "sys": 0o555, "dev": 0o755, "tmp": 0o1777}
"""Their names and modes."""
MOUNTED = ("proc", "sys", "dev")
"""Those on which something is mounted, wherever a link of that name would lead."""
_PATHS = frozenset((name.encode(),) for name in MOUNTED)


def with_folders(members: Iterable[Member]) -> Iterator[Member]:
    """Yield the members.

    Raises:
        HostileArchiveError: one is in a mount point's place, and no folder.

    """
    for member in members:
        if member.path in _PATHS and member.kind is not Kind.FOLDER:
            raise HostileArchiveError(f"{member} in the pack isn't a folder")
        yield member
