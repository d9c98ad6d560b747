"""The processes of an isolated run, and what they tell of it.

A keeper, outside, makes the namespaces and waits. Of its two children inside the process namespace
the first, the reaper, is number 1 there: when the keeper ends, however it ends, the reaper does,
and then the kernel kills all that is left inside. The other becomes the experiment's program.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import struct
import time
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rpz.errors import OWN_FAILURE
from rpz.unpackers import capabilities, mounts, namespaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores and that programs expect not to be ignored."""
LINGER = 1.0
"""Seconds that processes have when the program has ended: as many as while they were traced."""
PAUSE = 0.01
"""Seconds between two looks at whether they have ended."""
NAMESPACES = (
    namespaces.CLONE_NEWNS
    | namespaces.CLONE_NEWPID
    | namespaces.CLONE_NEWIPC
    | namespaces.CLONE_NEWUTS
)
HOSTNAME = 64
"""Bytes that a host name may have."""


class Step(IntEnum):
    """The steps of a start, for the report of the one that failed."""

    ISOLATE = 0
    BECOME = 1
    FOLDER = 2
    EXECUTE = 3


class News(IntEnum):
    """What the processes tell; each comes with two numbers."""

    FAILED = 0
    """The step, and the error; the program was not started."""
    STARTED = 1
    """The program's process, as seen from outside; nothing."""
    ENDED = 2
    """The program's wait status; whether processes that it has left were killed."""


REPORT = struct.Struct("=iii")


@dataclass(frozen=True)
class Sandbox:
    """What to execute, as whom, in which folder of which root.

    Descriptors in ``streams`` become standard input, output and error; with ``network`` it has the
    host's. ``mask`` are the signals to block in the program.
    """

    program: bytes
    argv: Sequence[bytes]
    environ: Sequence[bytes]
    folder: bytes
    uid: int
    gid: int
    hostname: bytes
    root: str
    streams: Sequence[int]
    network: bool
    mask: set[int]


def keep(sandbox: Sandbox, parent: int, report: int) -> NoReturn:
    """Be the keeper, which ends with ``parent``: start the program and tell of it.

    All signals must be blocked in this process.
    """
    try:
        _isolate(sandbox)
        _end_with(parent)
        os.chdir("/")  # no process inside may be in a folder of the host, nor be looked at
        namespaces.let_others_look(allowed=False)
        hears, tells = os.pipe()
        reaper = _forked(lambda: _reap(hears))
        program = _forked(lambda: _become_program(sandbox, tells, report))
        os.write(report, REPORT.pack(News.STARTED, program, 0))
        _, status = os.waitpid(program, 0)
        os.write(tells, b".")
        _, left = os.waitpid(reaper, 0)
        os.write(report, REPORT.pack(News.ENDED, status, left))
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
        _tell_failure(report, Step.ISOLATE, error)
    finally:
        os._exit(OWN_FAILURE)


def _end_with(parent: int) -> None:
    namespaces.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(OWN_FAILURE)


def _forked(action: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(OWN_FAILURE)
    return pid


def _tell_failure(report: int, step: Step, error: Exception) -> None:
    why = getattr(error, "errno", None) or errno.EINVAL
    os.write(report, REPORT.pack(News.FAILED, step, why))


def _isolate(sandbox: Sandbox) -> None:
    flags = NAMESPACES | (0 if sandbox.network else namespaces.CLONE_NEWNET)
    if not _unshare_as_root(flags):
        _unshare_as_user(flags, sandbox)


def _unshare_as_root(flags: int) -> bool:
    """Get namespaces; return False where only a user namespace gives the right to them."""
    if os.geteuid() != 0:
        return False
    try:
        namespaces.unshare(flags)
    except PermissionError:  # root of a container, say
        return False
    return True


def _unshare_as_user(flags: int, sandbox: Sandbox) -> None:
    """Get namespaces without root: inside, this user looks like the experiment's."""
    uid, gid = os.geteuid(), os.getegid()
    namespaces.unshare(namespaces.CLONE_NEWUSER | flags)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{sandbox.uid} {uid} 1"),
        ("gid_map", f"{sandbox.gid} {gid} 1"),
    ):
        Path("/proc/self", name).write_bytes(line.encode())


def _reap(hears: int) -> None:
    """Be number 1: adopt what is left behind, and end with the keeper, or soon after the program.

    The exit status is 1 if processes were left that are killed now.
    """
    os.dup2(hears, 0)
    os.closerange(1, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    capabilities.restrict(frozenset())
    if os.read(0, 1) == b"":
        os._exit(0)
    deadline = time.monotonic() + LINGER
    while left := _has_children():
        if time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
    os._exit(left)


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _become_program(sandbox: Sandbox, tells: int, report: int) -> None:
    """Become the experiment's program, or report why not."""
    step = Step.ISOLATE
    try:
        os.close(tells)
        for number, stream in enumerate(sandbox.streams):
            os.dup2(stream, number)
        _furnish(sandbox)
        step = Step.BECOME
        _become_user(sandbox)
        step = Step.FOLDER
        os.chdir(sandbox.folder)
        step = Step.EXECUTE
        _execute(sandbox)
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
        _tell_failure(report, step, error)


def _furnish(sandbox: Sandbox) -> None:
    namespaces.let_others_look(allowed=True)
    if not sandbox.network:
        namespaces.bring_up_loopback()
    with contextlib.suppress(OSError):
        namespaces.set_hostname(sandbox.hostname[:HOSTNAME])
    mounts.enter(sandbox.root)
    kept = capabilities.KEPT
    capabilities.restrict(kept if sandbox.network else kept | capabilities.OF_ITS_NETWORK)


def _become_user(sandbox: Sandbox) -> None:
    if (os.getuid(), os.getgid()) != (sandbox.uid, sandbox.gid) or os.geteuid() == 0:
        with contextlib.suppress(PermissionError):  # denied where there is only one user
            os.setgroups([sandbox.gid])
        os.setresgid(sandbox.gid, sandbox.gid, sandbox.gid)
        os.setresuid(sandbox.uid, sandbox.uid, sandbox.uid)


def _execute(sandbox: Sandbox) -> None:
    """Execute, with the dispositions of signals that rpz was started with."""
    for signum in signal.valid_signals():
        if callable(signal.getsignal(signum)) or signum in RESTORED:
            signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, sandbox.mask)
    namespaces.execve(sandbox.program, sandbox.argv, sandbox.environ)
