"""File systems on which ``A`` and ``a`` are one name: macOS's and Windows's, and some disks."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.packer.clashes import folded

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.unpackers.members import Member

log = logging.getLogger(__name__)


def is_case_blind(folder: Path) -> bool:
    """Whether two names in a folder that differ by case only are one."""
    probe = folder / f".rpz-case-{secrets.token_hex(8)}"
    probe.touch()
    try:
        return probe.with_name(probe.name.upper()).exists()
    finally:
        probe.unlink()


@dataclass
class Kept:
    """The names that a case-blind file system has taken, by what they are to it."""

    _names: dict[bytes, bytes] = field(default_factory=dict)

    def refuses(self, member: Member) -> bool:
        """Whether another member has the name already; that is told."""
        path = b"/".join(member.path)
        first = self._names.setdefault(folded(path), path)
        if first == path:
            return False
        log.warning(
            "/%s is not unpacked: here it is the same name as /%s. Unpack on a file system that "
            "tells upper from lower case, or with docker",
            path.decode(errors="backslashreplace"),
            first.decode(errors="backslashreplace"),
        )
        return True
