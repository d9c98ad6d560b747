"""Read the data by their index: all of it with all processors, or only what is wanted."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import IO, TYPE_CHECKING

from zlib_ng import zlib_ng

from rpz.packer.archive.blocks import threads
from rpz.packer.archive.codecs import Block, codec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from rpz.packer.archive.format import PackError
    from rpz.packer.archive.index import Index, StoredBlock


class Blocks:
    """The blocks of the data, in a file that can be sought in; closed with it.

    ``wrong`` gives the error for what is damaged.
    """

    def __init__(self, file: IO[bytes], size: int, index: Index, wrong: PackError) -> None:
        """Take a file of ``size`` bytes.

        Raises:
            PackError: it isn't the one that the index is of.

        """
        self._file = file
        self._codec = codec(index.compression)
        self._index = index
        self._wrong = wrong
        self._last: tuple[int, bytes | None] | None = None
        head = len(self._codec.head)
        self._places = list(accumulate((b.stored for b in index.blocks), initial=head))
        self._offsets = list(accumulate((b.size for b in index.blocks), initial=0))
        if size != self._places[-1] + len(self.tail):
            raise wrong

    @property
    def size(self) -> int:
        """Return the bytes of the tar."""
        return self._offsets[-1]

    @property
    def tail(self) -> bytes:
        """Return what should come after the last block."""
        sizes = [Block(block.stored, block.size) for block in self._index.blocks]
        return self._codec.tail(sizes, self._index.crc)

    def ends_are_right(self) -> bool:
        """Whether what is before and after the blocks is what should be."""
        self._file.seek(0)
        head = self._file.read(len(self._codec.head))
        self._file.seek(self._places[-1])
        return head == self._codec.head and self._file.read() == self.tail

    def offset(self, number: int) -> int:
        """Return where in the tar a block begins."""
        return self._offsets[number]

    def all(self) -> Iterator[bytes | None]:
        """Yield what all blocks hold, in order; None for one that is damaged."""
        return self._unpacked(0, len(self._index.blocks))

    def to_the_end(self) -> Iterator[bytes | None]:
        """Yield as :meth:`all`, and None at the end if what is around the blocks is damaged."""
        yield from self.all()
        if not self.ends_are_right():
            yield None

    def read(self, start: int, size: int) -> Iterator[bytes]:
        """Yield ``size`` bytes of the tar, from ``start`` on.

        Raises:
            PackError: they are damaged, or not there.

        """
        if not size:
            return
        if start + size > self.size:
            raise self._wrong
        first = bisect_right(self._offsets, start) - 1
        last = bisect_right(self._offsets, start + size - 1)
        place = self._offsets[first]
        for number, block in enumerate(self._kept_or_unpacked(first, last), first):
            self._last = number, block
            if block is None:
                raise self._wrong
            yield block[max(start - place, 0) : start + size - place]
            place += len(block)

    def _kept_or_unpacked(self, first: int, last: int) -> Iterator[bytes | None]:
        """Yield blocks; the last one read is kept, as files are mostly read one after the other."""
        if self._last is not None and self._last[0] == first:
            yield self._last[1]
            first += 1
        if last - first > 1:
            yield from self._unpacked(first, last)
        elif last > first:
            yield self._unpack(self._stored(first), self._index.blocks[first])

    def _stored(self, number: int) -> bytes:
        self._file.seek(self._places[number])
        return self._file.read(self._index.blocks[number].stored)

    def _unpacked(self, first: int, last: int) -> Iterator[bytes | None]:
        pending: deque[Future[bytes | None]] = deque()
        most = 2 * threads() + 1
        with ThreadPoolExecutor(threads()) as pool:
            try:
                for number in range(first, last):
                    block = self._index.blocks[number]
                    pending.append(pool.submit(self._unpack, self._stored(number), block))
                    if len(pending) >= most:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _unpack(self, stored: bytes, block: StoredBlock) -> bytes | None:
        if len(stored) != block.stored or zlib_ng.crc32(stored) != block.crc:
            return None
        try:
            return self._codec.decompress(stored, block.size)
        except ValueError:
            return None


class BlockStream(io.RawIOBase):
    """All of the tar, as a file for one pass."""

    def __init__(self, blocks: Callable[[], Iterator[bytes | None]], wrong: PackError) -> None:
        """Read what ``blocks`` yields; ``wrong`` is raised for what is damaged."""
        self._blocks = blocks()
        self._wrong = wrong
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes, and only at the end none."""
        while not self._rest:
            block = next(self._blocks, b"")
            if block is None:
                raise self._wrong
            if not block:
                return b""
            self._rest = memoryview(block)
        size = len(self._rest) if size < 0 else size
        data = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        return data

    def close(self) -> None:
        """End the threads."""
        self._blocks.close()  # type: ignore[attr-defined]
        super().close()
