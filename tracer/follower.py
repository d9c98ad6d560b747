"""Load the records of a run while it goes on, so that little is left to do at its end."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from rpz.tracer.database import TraceDatabase
from rpz.tracer.host import this_host
from rpz.tracer.loader import Loader
from rpz.tracer.stream import HEADER, has_header, read_values, values_in, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

BLOCK = 1 << 20
"""Bytes that are read at a time."""
SHORTEST, LONGEST = 0.02, 1.0
"""Pauses between two looks, in seconds: the longer, the longer nothing has happened."""


class Follower:
    """Loads the first run of a trace from its stream, while that grows.

    What goes wrong on the way is nobody's concern: the stream is loaded when the run has ended
    then, which finds the same.
    """

    def __init__(
        self, stream: Path, engine: str, on_read: Callable[[bytes], None] | None = None
    ) -> None:
        """Prepare to follow a stream, which need not be there yet.

        ``on_read`` is called while it is followed, as :class:`Loader` does.
        """
        self._stream = stream
        self._on_read = on_read
        self._engine = engine
        self._growing: _Growing | None = None

    def follow(self) -> Iterator[float]:
        """Load what is there, again and again; yield how long nothing need be done, in seconds."""
        pause = SHORTEST
        try:
            while True:
                if self._growing is None and has_header(self._stream):
                    self._growing = _Growing(self._stream, self._engine, self._on_read)
                found = self._growing is not None and self._growing.step()
                pause = SHORTEST if found else min(2 * pause, LONGEST)
                yield pause
        except Exception:
            log.debug("The trace was not loaded while the run went on:", exc_info=True)
            self.close()

    def finish(self, database: TraceDatabase) -> bool | None:
        """Load the rest, and put it all in an empty database.

        Returns:
            What :meth:`Loader.load_values` returns; None where the stream has still to be loaded.

        Raises:
            RecordStreamError: as of :meth:`Loader.load_values`.

        """
        return None if self._growing is None else self._growing.finish(database)

    def close(self) -> None:
        """Forget what was loaded."""
        if self._growing is not None:
            self._growing.close()
        self._growing = None


class _Growing:
    """A stream, and what is loaded of it: the records before ``taken``.

    Those before ``whole`` were whole at the last look, and are loaded at the next: where processors
    see each other's writes in any order, a record's size may be there before the rest of it. In
    between, the kernel was called.
    """

    def __init__(self, stream: Path, engine: str, on_read: Callable[[bytes], None] | None) -> None:
        self._stream = stream
        self._file = os.open(stream, os.O_RDONLY | os.O_CLOEXEC)
        self._database = TraceDatabase.temporary()
        self._loader = Loader(self._database, 0, engine, this_host())
        self._loader.on_read = on_read
        self._taken = self._whole = HEADER.size

    def step(self) -> bool:
        """Load some records; return whether there will be more."""
        self._loader.take(values_in(self._stream, self._read(self._whole - self._taken)))
        self._taken = self._whole
        size, wanted = whole(self._read(BLOCK))
        if size == 0 and wanted > BLOCK:  # one record
            size, _ = whole(self._read(wanted))
        self._whole += size
        return size > 0

    def _read(self, size: int) -> bytes:
        return os.pread(self._file, size, self._taken)

    def finish(self, database: TraceDatabase) -> bool:
        if not self._loader.load_values(read_values(self._stream, self._taken)):
            return False
        self._database.copy_to(database)
        return True

    def close(self) -> None:
        os.close(self._file)
        self._database.close()
