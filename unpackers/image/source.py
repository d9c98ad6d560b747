"""The content of packed files by its place in the pack's tar."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from rpz.packer.archive.format import DamagedPackError
from rpz.unpackers.members import BLOCK

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from rpz.packer.archive.reader import Pack


class Source(Protocol):
    """Where content comes from."""

    def read(self, start: int, size: int) -> Iterator[bytes]:
        """Yield ``size`` bytes of the tar, from ``start`` on."""


@contextlib.contextmanager
def opened(pack: Pack) -> Iterator[Source]:
    """Open a pack's tar to read what lies where; without an index, by passing over the rest."""
    if pack.index is not None:
        with pack.blocks() as blocks:
            yield blocks
    else:
        with contextlib.closing(_Passes(pack)) as passes:
            yield passes


class _Passes:
    """Reads forwards, and begins anew for what lies behind."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._open = contextlib.ExitStack()
        self._stream: io.RawIOBase | None = None
        self._place = 0

    def read(self, start: int, size: int) -> Iterator[bytes]:
        stream = self._at(start)
        while size:
            data = self._next(stream, size)
            size -= len(data)
            yield data

    def close(self) -> None:
        self._open.close()
        self._stream = None

    def _at(self, start: int) -> io.RawIOBase:
        if self._stream is None or start < self._place:
            self.close()
            self._stream, self._place = self._open.enter_context(self._pack.tar()), 0
        while self._place < start:
            self._next(self._stream, start - self._place)
        return self._stream

    def _next(self, stream: io.RawIOBase, most: int) -> bytes:
        data = stream.read(min(most, BLOCK))
        if not data:
            raise DamagedPackError(self._pack.path)
        self._place += len(data)
        return data
