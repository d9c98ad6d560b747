"""A long text in which values are looked for, in a file as soon as it is long."""

from __future__ import annotations

import tempfile
import weakref
from typing import IO, TYPE_CHECKING, cast

from rpz.packer.aside import AsideError

if TYPE_CHECKING:
    from collections.abc import Iterable

IN_MEMORY = 1 << 22
"""Bytes of a text that is kept in memory."""
BLOCK = 1 << 20
"""Bytes of a file that are looked through at once."""


class Haystack:
    """A text that was put together from pieces."""

    def __init__(self, pieces: Iterable[bytes] = (), file: IO[bytes] | None = None) -> None:
        """Put pieces together, or take what is in a file."""
        if file is None:
            file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
            weakref.finalize(self, file.close)
        self._file = file
        for piece in pieces:
            self.add(piece)

    def add(self, piece: bytes) -> None:
        """Add a piece at the end."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise AsideError(error) from error

    def __contains__(self, value: bytes) -> bool:
        """Whether a value is part of it."""
        self._file.seek(0)
        rest = b""
        while data := self._file.read(BLOCK):
            text = rest + data
            if value in text:
                return True
            rest = text[max(len(text) - len(value) + 1, 0) :]
        return False
