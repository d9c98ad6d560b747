"""The SHA-256 of what a run has read, taken while it goes on, so that nobody waits for it then."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from rpz.tracer.sha256 import buffer, sha256

if TYPE_CHECKING:
    Stamp: TypeAlias = tuple[int, int, int, int, int]

OLD = 60 * 1_000_000_000
"""Nanoseconds since its last change after which a file is hashed ahead.

What is written through a mapping changes the file's times when the page is first written to, and
again only once the page was written back, which the kernel does within half a minute.
"""
LARGEST = 1 << 27
"""Bytes of a file that is hashed ahead: a larger one may have left the memory since it was read."""
GIVES_WAY = 19
"""The thread's nice value: whatever else wants the processor comes first."""


def stamp(status: os.stat_result) -> Stamp:
    """Return what is another when a file's content is another."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


class _StoppedError(Exception):
    """The run has ended."""


class EarlyDigests:
    """Hashes files in a thread of its own; use :meth:`digest` when it was stopped."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._offered: SimpleQueue[bytes | None] = SimpleQueue()
        self._digests: dict[Stamp, str] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False

    def offer(self, path: bytes) -> None:
        """Have a file hashed when there is time."""
        self._offered.put(path)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._hash_all, name="early digests", daemon=True)
        # Signals are for the thread that waits for the run, which they wake up
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def stop(self) -> None:
        """Hash nothing any more."""
        self._stopped = True
        self._offered.put(None)

    def digest(self, status: os.stat_result) -> str | None:
        """Return the digest of the file that has this status, if it was hashed as it is."""
        return self._digests.get(stamp(status))

    def _hash_all(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)
        into = buffer()
        with contextlib.suppress(_StoppedError):
            while (path := self._offered.get()) is not None:
                self._check()
                self._hash(path, into)

    def _hash(self, path: bytes, into: memoryview) -> None:
        stamps: list[Stamp] = []

        def is_wanted(status: os.stat_result) -> bool:
            stamps.append(stamp(status))
            age = time.time_ns() - max(status.st_ctime_ns, status.st_mtime_ns)
            return age > OLD and status.st_size <= LARGEST and stamps[0] not in self._digests

        digest = sha256(path, into, self._check, is_wanted)
        if digest is not None:
            self._digests[stamps[0]] = digest

    def _check(self, _count: int = 0) -> None:
        if self._stopped:
            raise _StoppedError
