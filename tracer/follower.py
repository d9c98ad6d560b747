"""Load the records of a run while it goes on, so that little is left to do at its end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from rpz.tracer.meanwhile import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.growing import Growing
    from rpz.tracer.meanwhile import Meanwhile

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 0.02, 1.0
"""Pauses between two looks, in seconds: the longer, the longer nothing has happened."""


class Follower:
    """Loads the first run of a trace from its stream, while that grows.

    What goes wrong on the way is nobody's concern: the stream is loaded when the run has ended
    then, which finds the same.
    """

    def __init__(self, stream: Path, engine: str, meanwhile: Meanwhile = NOTHING) -> None:
        """Prepare to follow a stream, which need not be there yet."""
        self._stream = stream
        self._meanwhile = meanwhile
        self._engine = engine
        self._growing: Growing | None = None

    def follow(self) -> Iterator[float]:
        """Load what is there, again and again; yield how long nothing need be done, in seconds."""
        pause = SHORTEST
        try:
            from rpz.tracer.growing import Growing  # once the command runs

            while True:
                if self._growing is None:
                    self._growing = Growing.begin(self._stream, self._engine, self._meanwhile)
                found = self._growing is not None and self._growing.step()
                pause = SHORTEST if found else min(2 * pause, LONGEST)
                yield from self._rest(pause)
        except Exception:
            log.debug("The trace was not loaded while the run went on:", exc_info=True)
            self.close()

    def _rest(self, pause: float) -> Iterator[float]:
        """Spend a pause on what there is to do."""
        end = time.monotonic() + pause
        step = self._meanwhile.step
        while step is not None and pause > 0 and step():
            yield 0
            pause = end - time.monotonic()
        yield max(0, pause)

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
