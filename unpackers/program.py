"""A run of an experiment as a child process that lives in the experiment's own file system."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rpz.errors import NOT_EXECUTABLE, NOT_FOUND, OWN_FAILURE
from rpz.unpackers import mounts, namespaces
from rpz.unpackers.errors import SandboxError, StartError, readable
from rpz.unpackers.withheld import supplied
from rpz.unpackers.words import encoded, environment, program_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Run

RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores and that programs expect not to be ignored."""

ISOLATE, BECOME, FOLDER, EXECUTE = range(4)
"""The steps of a start, for the report of the one that failed."""
_REPORT = struct.Struct("=ii")


@dataclass(frozen=True)
class Program:
    """A started child; it can be waited for and signalled like a :class:`subprocess.Popen`."""

    run: Run
    pid: int
    report: int

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless the child has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signum)

    def wait(self) -> int:
        """Wait for the end; return the status, negative for a signal.

        Raises:
            StartError: the experiment's program was never started.

        """
        with os.fdopen(self.report, "rb") as pipe:
            report = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if report:
            raise _start_error(self.run, *_REPORT.unpack(report))
        return os.waitstatus_to_exitcode(status)


def start(run: Run, root: Path, streams: Sequence[int] = ()) -> Program:
    """Start a run with ``root`` as its file system.

    The terminal is shared, and so are the standard streams, unless ``streams`` are descriptors for
    input, output and error.
    """
    run = supplied(run)
    report, to_parent = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _child(run, root, parent, to_parent, streams)
    os.close(to_parent)
    return Program(run, pid, report)


def _child(run: Run, root: Path, parent: int, to_parent: int, streams: Sequence[int]) -> NoReturn:
    """Become the experiment's program, or report why not; never return into Python's caller."""
    step = ISOLATE
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        _isolate(run, str(root.resolve()))
        step = BECOME
        _become(run, parent)
        step = FOLDER
        os.chdir(run.workingdir.path)
        step = EXECUTE
        _execute(run)
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
        why = getattr(error, "errno", None) or errno.EINVAL
        os.write(to_parent, _REPORT.pack(step, why))
    finally:
        os._exit(OWN_FAILURE)


def _isolate(run: Run, root: str) -> None:
    if not _unshare_as_root():
        _unshare_as_user(run)
    mounts.enter(root)


def _unshare_as_root() -> bool:
    """Get a mount namespace; return False where only a user namespace gives the right to one."""
    if os.geteuid() != 0:
        return False
    try:
        namespaces.unshare(namespaces.CLONE_NEWNS)
    except PermissionError:  # root of a container, say
        return False
    return True


def _unshare_as_user(run: Run) -> None:
    """Get a mount namespace without root: inside, this user looks like the experiment's."""
    uid, gid = os.geteuid(), os.getegid()
    namespaces.unshare(namespaces.CLONE_NEWUSER | namespaces.CLONE_NEWNS)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{run.uid} {uid} 1"),
        ("gid_map", f"{run.gid} {gid} 1"),
    ):
        Path("/proc/self", name).write_bytes(line.encode())


def _become(run: Run, parent: int) -> None:
    """Become the experiment's user, and end if rpz is killed."""
    if (os.getuid(), os.getgid()) != (run.uid, run.gid) or os.geteuid() == 0:
        with contextlib.suppress(PermissionError):  # denied where there is only one user
            os.setgroups([run.gid])
        os.setresgid(run.gid, run.gid, run.gid)
        os.setresuid(run.uid, run.uid, run.uid)
    namespaces.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _execute(run: Run) -> None:
    for signum in RESTORED:
        signal.signal(signum, signal.SIG_DFL)
    namespaces.execve(program_path(run), [encoded(word) for word in run.argv], environment(run))


def _start_error(run: Run, step: int, number: int) -> StartError:
    why = os.strerror(number)
    if step == EXECUTE:
        return _execute_error(run, number)
    if step == FOLDER:
        error = StartError(f"The working folder {readable(run.workingdir.path)}: {why}")
    elif step == BECOME:
        error = StartError(
            f"Can't become the experiment's user {run.uid} of group {run.gid}: {why}"
        )
    else:
        error = SandboxError(
            f"This machine doesn't let this user make namespaces and mounts: {why}",
            "Run it as root, or unpack it with: rpz unpack docker",
        )
    error.exit_code = OWN_FAILURE
    return error


def _execute_error(run: Run, number: int) -> StartError:
    program = readable(run.binary.path)
    if number in (errno.ENOENT, errno.ENOTDIR):
        error = StartError(f"{program}, or the interpreter that it names, was not found")
        error.exit_code = NOT_FOUND
    else:
        error = StartError(f"{program}: {os.strerror(number)}")
        error.exit_code = NOT_EXECUTABLE
    return error
