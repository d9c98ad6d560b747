"""Runs through bubblewrap, where only certain programs may make namespaces (AppArmor in Ubuntu)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import MissingProgramError
from rpz.process import output_of
from rpz.unpackers.words import encoded, environment, program_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.unpackers.job import Job

PROGRAM = "bwrap"
PACKAGE = "bubblewrap"
ISOLATED = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts")
FURNITURE = ("--proc", "/proc", "--ro-bind", "/sys", "/sys", "--dev", "/dev")


def is_installed() -> bool:
    """Whether there is a bubblewrap."""
    return shutil.which(PROGRAM) is not None


@dataclass(frozen=True)
class Wrapped:
    """A run in a bubblewrap; it passes no signals on, so they are sent to the program inside."""

    process: subprocess.Popen[bytes]
    first: int | None
    """The process that is number 1 inside, whose first child is the program."""

    @property
    def pid(self) -> int:
        """The number of the bubblewrap."""
        return self.process.pid

    def send_signal(self, signum: int) -> None:
        """Send a signal to the program, unless it has ended."""
        children = Path(f"/proc/{self.first}/task/{self.first}/children")
        with contextlib.suppress(OSError):
            for child in children.read_text("ascii").split()[:1]:
                os.kill(int(child), signum)

    def wait(self) -> int:
        """Wait for the end; return the status, 128 + N where signal N killed the program."""
        return self.process.wait()


def start(job: Job, root: Path) -> Wrapped:
    """Start a run with ``root`` as its file system.

    What was withheld was :func:`~rpz.unpackers.withheld.supplied` before. Unlike elsewhere the
    program has ``PWD`` in its environment, and before bubblewrap 0.9 the path as ``argv[0]``.
    """
    hears, tells = os.pipe()
    listing, listed = os.pipe()
    streams: Sequence[int | None] = job.streams or (None, None, None)
    try:
        process = subprocess.Popen(
            [PROGRAM, "--info-fd", str(tells), "--args", str(listing), *_command(job)],
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            pass_fds=(tells, listing),
        )
    except FileNotFoundError:
        raise MissingProgramError(PROGRAM, PACKAGE) from None
    finally:
        os.close(tells)
        os.close(listing)
    with contextlib.suppress(BrokenPipeError), os.fdopen(listed, "wb") as options:
        options.write(b"".join(word + b"\0" for word in _options(job, root)))
    with os.fdopen(hears, "rb") as news:
        return Wrapped(process, _first(news.read()))


def _first(news: bytes) -> int | None:
    try:
        return int(json.loads(news)["child-pid"])
    except (ValueError, KeyError, TypeError):  # it has ended already, and said why
        return None


def _options(job: Job, root: Path) -> list[bytes]:
    """Return what to isolate, and the environment, which others shall not see in the arguments."""
    run = job.run
    words = [*ISOLATED, "--uid", str(run.uid), "--gid", str(run.gid), "--die-with-parent"]
    words += ["--hostname", run.hostname] if run.hostname else []
    words += [] if job.network else ["--unshare-net"]
    words += ["--bind", str(root.resolve()), "/", *FURNITURE, "--clearenv"]
    options = [encoded(word) for word in words]
    for entry in environment(run):
        name, _, value = entry.partition(b"=")
        options += [b"--setenv", name, value]
    return [*options, b"--chdir", run.workingdir.path, *_argv0(run.argv)]


def _command(job: Job) -> list[bytes]:
    return [b"--", program_path(job.run), *(encoded(word) for word in job.run.argv[1:])]


def _argv0(argv: Sequence[str]) -> list[bytes]:
    return [b"--argv0", encoded(argv[0])] if argv and _can_name_programs() else []


@cache
def _can_name_programs() -> bool:
    return b"--argv0" in output_of([PROGRAM, "--help"], package=PACKAGE)
