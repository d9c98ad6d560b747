"""A run of an experiment as a child process that lives in the experiment's own file system."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.errors import NOT_EXECUTABLE, NOT_FOUND, OWN_FAILURE
from rpz.unpackers import foreground
from rpz.unpackers.errors import SandboxError, StartError, readable
from rpz.unpackers.sandbox import REPORT, News, Sandbox, Step, keep
from rpz.unpackers.words import encoded, environment, program_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rpz.packer.config.model import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Program:
    """A started child; it can be waited for and signalled like a :class:`subprocess.Popen`.

    ``pid`` is the process that keeps it, ``inside`` the program itself, None if it never was one.
    ``terminal`` is to be in the foreground again when it has ended.
    """

    run: Run
    pid: int
    inside: int | None
    failure: tuple[int, int] | None
    report: int
    terminal: int | None

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless the child has ended."""
        if self.inside is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.inside, signum)

    def wait(self) -> int:
        """Wait for the end; return the status, negative for a signal.

        Raises:
            StartError: the experiment's program was never started.

        """
        failure, ended = self.failure, None
        with os.fdopen(self.report, "rb") as pipe:
            for kind, one, other in REPORT.iter_unpack(pipe.read()):
                if kind == News.FAILED:
                    failure = failure or (one, other)
                else:
                    ended = (one, other)
        _, kept = os.waitpid(self.pid, 0)
        foreground.take_back(self.terminal)
        if failure:
            raise _start_error(self.run, *failure)
        status, left = ended or (kept, 0)
        if left:
            log.info("What %s left running has been ended", self.run.id)
        return os.waitstatus_to_exitcode(status)


def start(run: Run, root: Path, streams: Sequence[int] = (), *, network: bool = False) -> Program:
    """Start a run with ``root`` as its file system.

    The terminal is shared, and so are the standard streams, unless ``streams`` are descriptors for
    input, output and error. With ``network`` it has the host's. What was withheld of the run was
    :func:`~rpz.unpackers.withheld.supplied` before.
    """
    terminal = foreground.held()
    report, to_parent = os.pipe()
    parent = os.getpid()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        sandbox = _sandbox(run, root, streams, network=network, mask=mask)
        pid = os.fork()
        if pid == 0:
            keep(sandbox, parent, to_parent)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(to_parent)
    inside, failure = _first_news(report)
    return Program(run, pid, inside, failure, report, terminal)


def _sandbox(
    run: Run, root: Path, streams: Sequence[int], *, network: bool, mask: set[int]
) -> Sandbox:
    return Sandbox(
        program=program_path(run),
        argv=[encoded(word) for word in run.argv],
        environ=environment(run),
        folder=run.workingdir.path,
        uid=run.uid,
        gid=run.gid,
        hostname=encoded(run.hostname),
        root=str(root.resolve()),
        streams=streams,
        network=network,
        mask=mask,
    )


def _first_news(report: int) -> tuple[int | None, tuple[int, int] | None]:
    """Read what is told until the program's number is known, or that it won't be."""
    failure = None
    while news := os.read(report, REPORT.size):
        kind, one, other = REPORT.unpack(news)
        if kind == News.STARTED:
            return one, failure
        failure = (one, other)
    return None, failure


def _start_error(run: Run, step: int, number: int) -> StartError:
    why = os.strerror(number)
    if step == Step.EXECUTE:
        return execute_error(run, number)
    if step == Step.FOLDER:
        error = StartError(f"The working folder {readable(run.workingdir.path)}: {why}")
    elif step == Step.BECOME:
        error = StartError(
            f"Can't become the experiment's user {run.uid} of group {run.gid}: {why}"
        )
    else:
        error = SandboxError(
            f"This machine doesn't let this user make namespaces and mounts: {why}",
            "Install bubblewrap, run it as root, or unpack it with: rpz unpack docker",
        )
    error.exit_code = OWN_FAILURE
    return error


def execute_error(run: Run, number: int) -> StartError:
    """Tell why a run's program can't be executed, by the number of the error."""
    program = readable(run.binary.path)
    if number in (errno.ENOENT, errno.ENOTDIR):
        error = StartError(f"{program}, or the interpreter that it names, was not found")
        error.exit_code = NOT_FOUND
    else:
        error = StartError(f"{program}: {os.strerror(number)}")
        error.exit_code = NOT_EXECUTABLE
    return error
