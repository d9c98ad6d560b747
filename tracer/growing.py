"""A record stream that still grows, and the rows of what it has so far."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.tracer.database import TraceDatabase
from rpz.tracer.host import this_host
from rpz.tracer.loader import Loader
from rpz.tracer.meanwhile import NOTHING
from rpz.tracer.stream import HEADER, has_header, read_values, values_in, whole

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from rpz.tracer.meanwhile import Meanwhile

BLOCK = 1 << 20
"""Bytes that are read at a time."""


class Growing:
    """A stream, and what is loaded of it: the records before ``taken``.

    Those before ``whole`` were whole at the last look, and are loaded at the next: where processors
    see each other's writes in any order, a record's size may be there before the rest of it. In
    between, the kernel was called.
    """

    @classmethod
    def begin(cls, stream: Path, engine: str, meanwhile: Meanwhile = NOTHING) -> Self | None:
        """Begin, if the stream has begun."""
        return cls(stream, engine, meanwhile) if has_header(stream) else None

    def __init__(self, stream: Path, engine: str, meanwhile: Meanwhile) -> None:
        """Use :meth:`begin`."""
        self._stream = stream
        self._file = os.open(stream, os.O_RDONLY | os.O_CLOEXEC)
        self._database = TraceDatabase.temporary()
        self._loader = Loader(self._database, 0, engine, this_host())
        self._loader.meanwhile = meanwhile
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
        """Load the rest; put it all in an empty database, if a program was started."""
        if not self._loader.load_values(read_values(self._stream, self._taken)):
            return False
        self._database.copy_to(database)
        return True

    def close(self) -> None:
        """Forget what was loaded."""
        os.close(self._file)
        self._database.close()
