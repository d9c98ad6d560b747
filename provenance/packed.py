"""What a pack's data tell of its files, where no trace does: where links lead, what files hold."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from rpz.packer.archive.contents import contents
from rpz.packer.archive.manifest import EntryKind

if TYPE_CHECKING:
    from rpz.packer.archive.contents import Pieces
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack

MOST = 40
"""Links on the way to a file: as many as Linux follows."""
ZEROS = bytes(1 << 16)


@dataclass(frozen=True)
class Packed:
    """Targets of links by their paths; of files the bytes, the time of change, the SHA-256."""

    links: dict[bytes, bytes] = field(default_factory=dict)
    digests: dict[bytes, tuple[int, int, str]] = field(default_factory=dict)

    def real(self, path: bytes) -> bytes:
        """Return the path of what a path leads to, as far as the links are packed."""
        left, done, followed = path.split(b"/")[1:][::-1], b"", 0
        while left:
            part = left.pop()
            place = done + b"/" + part
            target = self.links.get(place)
            if target is None or followed == MOST:
                done = place
                continue
            followed += 1
            whole = posixpath.normpath(posixpath.join(done or b"/", target))
            done, left = b"", left + whole.split(b"/")[1:][::-1]
        return done or b"/"


NOTHING = Packed()


def packed(pack: Pack) -> Packed:
    """Go through all data of a pack.

    Raises:
        PackError: it is damaged.

    """
    found = Packed()
    for entry, pieces in contents(pack, lambda _entry: True):
        if entry.kind is EntryKind.SYMLINK:
            found.links[entry.path] = entry.target
        elif entry.kind is EntryKind.FILE:
            found.digests[entry.path] = entry.size, entry.mtime, _sha256(entry, pieces)
        elif entry.kind is EntryKind.HARDLINK and entry.target in found.digests:
            found.digests[entry.path] = found.digests[entry.target]
    return found


def _sha256(entry: Entry, pieces: Pieces) -> str:
    digest, end = hashlib.sha256(usedforsecurity=False), 0
    for offset, data in chain(pieces, [(entry.size, b"")]):
        for start in range(end, offset, len(ZEROS)):  # a hole
            digest.update(ZEROS[: offset - start])
        digest.update(data)
        end = offset + len(data)
    return digest.hexdigest()
