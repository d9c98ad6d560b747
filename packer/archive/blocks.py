"""Compress what is written to it in blocks, with all processors, in order."""

from __future__ import annotations

import io
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

from zlib_ng import zlib_ng

from rpz.packer.archive.codecs import BLOCK, Block
from rpz.packer.archive.index import StoredBlock

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from rpz.packer.archive.codecs import Codec

MAX_THREADS = 8


def threads() -> int:
    """Return how many blocks to work on at once."""
    if hasattr(os, "sched_getaffinity"):  # of Linux: those that we may use
        return min(len(os.sched_getaffinity(0)), MAX_THREADS)
    return min(os.cpu_count() or 1, MAX_THREADS)


class BlockWriter(io.RawIOBase):
    """A file that compresses; the same bytes whatever the number of processors.

    At most some blocks for each thread are in memory. ``check`` is called at each write, and may
    raise; ``wrote`` gets the sizes of each block before and after compression. :meth:`finish`
    writes what is left; :meth:`close` ends the threads in any case.
    """

    def __init__(
        self,
        out: BinaryIO,
        codec: Codec,
        check: Callable[[], None],
        wrote: Callable[[int, int], None],
    ) -> None:
        """Write to ``out``, from where it is."""
        self._out = out
        self._codec = codec
        self._check = check
        self._wrote = wrote
        self._buffer = bytearray()
        self._pool = ThreadPoolExecutor(threads())
        self._pending: deque[tuple[int, Future[tuple[bytes, int]]]] = deque()
        self._most = 2 * threads() + 1
        self._offset = 0
        self.crc = 0
        self.blocks: list[StoredBlock] = []
        out.write(codec.head)

    def tell(self) -> int:
        """Return how many bytes were written to this."""
        return self._offset

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take bytes in."""
        self._check()
        self._buffer += data
        self._offset += len(data)
        while len(self._buffer) >= BLOCK:
            self._begin(bytes(memoryview(self._buffer)[:BLOCK]))
            del self._buffer[:BLOCK]
        return len(data)

    def finish(self) -> None:
        """Write the last block and what follows it."""
        if self._buffer:
            self._begin(bytes(self._buffer))
            self._buffer.clear()
        while self._pending:
            self._end_first()
        sizes = [Block(block.stored, block.size) for block in self.blocks]
        self._out.write(self._codec.tail(sizes, self.crc))

    def close(self) -> None:
        """Wait for the threads."""
        for _, future in self._pending:
            future.cancel()
        self._pool.shutdown()
        super().close()

    def _begin(self, block: bytes) -> None:
        self.crc = zlib_ng.crc32(block, self.crc)
        self._pending.append((len(block), self._pool.submit(self._compress, block)))
        if len(self._pending) > self._most:
            self._end_first()

    def _compress(self, block: bytes) -> tuple[bytes, int]:
        stored = self._codec.compress(block)
        return stored, zlib_ng.crc32(stored)

    def _end_first(self) -> None:
        size, future = self._pending.popleft()
        stored, crc = future.result()
        self._wrote(size, len(stored))
        self._out.write(stored)
        self.blocks.append(StoredBlock(len(stored), size, crc))
