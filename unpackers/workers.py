"""Processes that share a work: each takes portions of lines as it gets on with them."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from rpz.errors import RpzError
from rpz.unpackers.errors import HostileArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Self

    Portion = Sequence[bytes]
    Work = Callable[[int, Iterable[Portion]], int]
    """What a worker does: it gets its number and the portions, and returns a count."""

GREATEST = 100_000
"""Bytes that a portion may have: half of what Linux lets a local message have."""


@dataclass(frozen=True)
class _Worker:
    """A child, and the pipe on which it says at its end how it went."""

    pid: int
    report: int


class Workers:
    """Forked workers; a context that waits for their end, or ends them when something fails.

    They are processes, not threads, because Python's threads take turns. A message of a local
    socket that all of them listen on goes to one of them: to the one that has time.
    """

    def __init__(self, work: Work, count: int) -> None:
        """Start ``count`` of them."""
        self.total = 0
        self._jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._workers: list[_Worker] = []
        with theirs:
            try:
                for number in range(count):
                    self._workers.append(self._started(number, work, theirs))
            except BaseException:
                self._end()
                raise

    def give(self, portion: Portion) -> None:
        """Let a worker have a portion; wait while all of them are busy.

        Raises:
            RpzError, OSError: a worker has failed.

        """
        try:
            self._jobs.sendall(b"".join(portion))
        except (BrokenPipeError, ConnectionError):  # all of them have ended
            self._join()
            raise HostileArchiveError("The packed files can't all be made") from None

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait until all is done; add up in ``total`` what the workers have counted."""
        if kind is not None:
            self._end()
            return
        try:
            self._join()
        except BaseException:
            self._end()
            raise

    def _started(self, number: int, work: Work, jobs: socket.socket) -> _Worker:
        report, to_parent = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._jobs.close()
            _child(number, work, jobs, to_parent)
        os.close(to_parent)
        return _Worker(pid, report)

    def _join(self) -> None:
        """Wait for all; raise what the first of those that failed has said."""
        self._jobs.close()
        reports = []
        while self._workers:
            worker = self._workers[-1]
            with open(worker.report, "rb", closefd=False) as pipe:
                reports.append(pipe.read())
            self._forget(self._workers.pop())
        for report in reports[::-1]:
            self.total += _count(report)

    def _end(self) -> None:
        self._jobs.close()
        for worker in self._workers:
            os.kill(worker.pid, signal.SIGKILL)
        while self._workers:
            self._forget(self._workers.pop())

    @staticmethod
    def _forget(worker: _Worker) -> None:
        os.close(worker.report)
        os.waitpid(worker.pid, 0)


def _child(number: int, work: Work, jobs: socket.socket, report: int) -> NoReturn:
    """Work until there are no more portions, say how it went, and never return."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it, and ends us
        gc.disable()
        os.write(report, _told({"count": work(number, _received(jobs))}))
    except OSError as error:
        os.write(report, _told({"errno": error.errno, "filename": _named(error.filename)}))
    except RpzError as error:
        os.write(report, _told({"message": error.message, "remedy": error.remedy}))
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
        os.write(report, _told({"message": f"The packed files can't be made: {error!r:.200}"}))
    finally:
        with contextlib.suppress(OSError):
            jobs.shutdown(socket.SHUT_RD)  # after a failure the others need not go on
        os._exit(0)


def _received(jobs: socket.socket) -> Iterator[Portion]:
    while portion := jobs.recv(GREATEST):
        yield portion.splitlines(keepends=True)


def _told(report: dict[str, Any]) -> bytes:
    return json.dumps(report).encode()


def _named(filename: object) -> str | None:
    return os.fsdecode(filename) if isinstance(filename, (str, bytes)) else None


def _count(report: bytes) -> int:
    """Return what a worker has counted, or raise what it says."""
    found = json.loads(report or '{"message": "A process that made files was killed"}')
    if "message" in found:
        raise HostileArchiveError(found["message"], found.get("remedy", ""))
    if "errno" in found:
        number = found["errno"] or 0
        raise OSError(number, os.strerror(number), found["filename"])
    return int(found["count"])
