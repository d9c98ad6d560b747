"""How a layer is put together: read once for its digest, then written any number of times."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.unpackers.image import tarstream
from rpz.unpackers.members import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.unpackers.image.source import Source
    from rpz.unpackers.members import Member

OWN, ZEROS = -1, -2
"""What a part is, where it isn't a place in the pack's tar."""
IN_MEMORY = 1 << 20
"""Bytes of a layer's headers that are kept in memory, before they go into a temporary file."""


@dataclass(frozen=True)
class Layer:
    """A layer that is complete: a tar of ``size`` bytes with that SHA-256.

    ``title`` says in words what is in it.
    """

    title: str
    sha256: str
    size: int
    recipe: Recipe

    def blocks(self, source: Source) -> Iterator[bytes]:
        """Yield the tar, in pieces that are worth sending."""
        return tarstream.in_blocks(self.recipe.pieces(source))


class Recipe:
    """A tar in parts: headers, which are kept, and places in the pack where content is.

    So a layer takes no more room than its headers, and writing it parses nothing again.
    """

    def __init__(self) -> None:
        """Begin an empty tar."""
        self._own = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed by close)
        self._parts = array("q")
        self._digest = hashlib.sha256()
        self._size = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added."""
        return not self._size

    def add(self, info: tarfile.TarInfo, content: bytes = b"") -> None:
        """Add a member whose content is not in the pack."""
        self._add_own(b"".join(tarstream.file(info, content)))

    def add_packed(self, info: tarfile.TarInfo, member: Member) -> None:
        """Add a member of the pack; read its content."""
        self._add_own(tarstream.header(info))
        place, end = member.place, 0
        for offset, data in member.pieces():
            self._add_zeros(offset - end)
            self._take(data)
            self._add_part(place, len(data))
            place, end = place + len(data), offset + len(data)
        self._add_zeros(member.size - end)
        self._add_own(bytes(-member.size % tarfile.BLOCKSIZE))

    def finished(self, title: str) -> Layer:
        """End the tar."""
        self._add_own(tarstream.END)
        return Layer(title, self._digest.hexdigest(), self._size, self)

    def pieces(self, source: Source) -> Iterator[bytes]:
        """Yield the tar."""
        self._own.seek(0)
        for number in range(0, len(self._parts), 2):
            place, length = self._parts[number], self._parts[number + 1]
            if place == OWN:
                yield self._own.read(length)
            elif place == ZEROS:
                yield from _zeros(length)
            else:
                yield from source.read(place, length)

    def close(self) -> None:
        """Remove the temporary file."""
        self._own.close()

    def _add_own(self, data: bytes) -> None:
        self._own.write(data)
        self._take(data)
        self._add_part(OWN, len(data))

    def _add_zeros(self, length: int) -> None:
        for block in _zeros(length):
            self._take(block)
        self._add_part(ZEROS, length)

    def _take(self, data: bytes) -> None:
        self._digest.update(data)
        self._size += len(data)

    def _add_part(self, place: int, length: int) -> None:
        """Note a part, as one with the last where it goes on with that."""
        parts = self._parts
        if not length:
            return
        follows = place if place < 0 else place - parts[-1] if parts else None
        if parts and parts[-2] == follows:
            parts[-1] += length
        else:
            parts.extend((place, length))


def _zeros(length: int) -> Iterator[bytes]:
    for start in range(0, length, BLOCK):
        yield bytes(min(BLOCK, length - start))
