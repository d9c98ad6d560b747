"""The SHA-256 of what a run has read, taken while it goes on, so that nobody waits for it then."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import threading
import time
from typing import TYPE_CHECKING, TypeAlias

from rpz.tracer.disks import tells_of_changes, write_back_delay

if TYPE_CHECKING:
    from queue import SimpleQueue

    Stamp: TypeAlias = tuple[int, int, int, int, int]

OLD = 60 * 1_000_000_000
"""Nanoseconds since its last change after which a file is hashed ahead, at least.

What is written through a mapping changes the file's times when the page is first written to, and
again only once the page was written back, which the kernel usually does within half a minute, but
may be set to do later: twice that time has to go by.
"""
MOST = 1 << 18
"""Paths that wait: those that come while so many do are hashed in the end."""
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
        self._offered: SimpleQueue[bytes | None]
        self._digests: dict[Stamp, str] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False

    def offer(self, path: bytes) -> None:
        """Have a file hashed when there is time."""
        if self._thread is None:
            self._thread = self._started()
        if self._offered.qsize() < MOST:
            self._offered.put(path)

    def _started(self) -> threading.Thread:
        """Start the thread; what it needs is imported now, while the run goes on."""
        from queue import SimpleQueue

        from rpz.tracer import sha256  # noqa: F401 (not by the thread: others would wait for it)

        self._offered = SimpleQueue()
        thread = threading.Thread(target=self._hash_all, name="early digests", daemon=True)
        # Signals are for the thread that waits for the run, which they wake up
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return thread

    def stop(self) -> None:
        """Hash nothing any more."""
        self._stopped = True
        if self._thread is not None:
            self._offered.put(None)

    def digest(self, status: os.stat_result) -> str | None:
        """Return the digest of the file that has this status, if it was hashed as it is."""
        return self._digests.get(stamp(status))

    def _hash_all(self) -> None:
        from rpz.tracer.sha256 import buffer

        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)
        into = buffer()
        with contextlib.suppress(_StoppedError):
            while (path := self._offered.get()) is not None:
                self._check()
                self._hash(path, into)

    def _hash(self, path: bytes, into: memoryview) -> None:
        try:
            before = os.lstat(path)
        except OSError:
            return
        # Nothing else is opened: who waits at the other end of a pipe would take us for the run
        if not (self._is_wanted(before) and tells_of_changes(path)):
            return
        from rpz.tracer.sha256 import sha256

        digest = sha256(path, into, self._check, lambda status: stamp(status) == stamp(before))
        if digest is not None:
            self._digests[stamp(before)] = digest

    def _is_wanted(self, status: os.stat_result) -> bool:
        delay = write_back_delay()
        if delay is None or not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return False
        age = time.time_ns() - max(status.st_ctime_ns, status.st_mtime_ns)
        return age > max(OLD, 2 * delay) and stamp(status) not in self._digests

    def _check(self, _count: int = 0) -> None:
        if self._stopped:
            raise _StoppedError
