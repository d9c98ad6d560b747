"""The bytes of a file as what is sent to a server: in blocks, never as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from rpz.provenance.web.errors import WebError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BLOCK = 1 << 20
Begin: TypeAlias = "Callable[[int], Callable[[int], None]]"
"""Is told how many bytes there are, and returns what is told how many more have gone."""


def no_progress(count: int) -> None:
    """Show nothing."""


@dataclass
class Body:
    """A part of a file, between other bytes; it can be sent again, and tells how far it is.

    ``advance`` is called with the number of bytes of the file that went, which is negative when
    they have to go again.
    """

    path: Path
    size: int
    begin: int = 0
    head: bytes = b""
    tail: bytes = b""
    advance: Callable[[int], None] = no_progress
    _sent: int = field(default=0, init=False)

    def __len__(self) -> int:
        """Return how many bytes it has in all."""
        return len(self.head) + self.size + len(self.tail)

    def __iter__(self) -> Iterator[bytes]:
        """Yield it from its beginning.

        Raises:
            WebError: the file has become shorter.

        """
        self.taken_back()
        if self.head:
            yield self.head
        with self.path.open("rb") as file:
            file.seek(self.begin)
            while self._sent < self.size:
                block = file.read(min(BLOCK, self.size - self._sent))
                if not block:
                    raise WebError(
                        f"{self.path} has changed while it was uploaded",
                        "Give the same command again when nothing changes it",
                    )
                yield block
                self._sent += len(block)
                self.advance(len(block))
        if self.tail:
            yield self.tail

    def taken_back(self) -> None:
        """Tell that what went has not arrived."""
        if self._sent:
            self.advance(-self._sent)
        self._sent = 0
