"""Say how much room a pack needs, when there is too little."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Room:
    """Knows how far a pack of files of ``size`` bytes got."""

    def __init__(self, size: int) -> None:
        """Begin."""
        self._size = size
        self._plain = 0
        self._stored = 0

    def block(self, plain: int, stored: int) -> None:
        """Take note of a block that is about to be written, and of what it was made from."""
        self._plain += plain
        self._stored += stored

    @contextlib.contextmanager
    def told(self, target: Path) -> Iterator[None]:
        """Tell how much room the pack would have taken, if there is none.

        Raises:
            PackError: there was no room.

        """
        try:
            yield
        except OSError as error:
            if error.filename is not None:  # it says itself what it is about
                raise
            needed = f"; {self._needed()}" if error.errno in NO_ROOM else ""
            raise PackError(
                f"{target} can't be written: {error.strerror}{needed}",
                "Make room, or choose another place",
            ) from error

    def _needed(self) -> str:
        """Say what the whole takes, if what is still to be read shrinks as what was read did."""
        if not self._plain:
            return f"it may need up to {human_size(self._size)}"
        whole = self._stored * self._size // self._plain
        return f"it needs about {human_size(max(whole, self._stored))}"
