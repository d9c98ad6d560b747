"""A run in the virtual machine, with our standard streams, terminal and signals."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.process import run_in_foreground
from rpz.unpackers.errors import VagrantError
from rpz.unpackers.init import run_file
from rpz.unpackers.vagrant.ssh import LOST
from rpz.unpackers.withheld import supplied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.unpackers.job import Job
    from rpz.unpackers.vagrant.guest import Guest

READY, END = b"ready\n", b"END\n"
"""What the machine says when it has a job, and is told when the run has ended."""
STREAMS = ("stdin", "stdout", "stderr")


@dataclass(frozen=True)
class _Run:
    """A started run; it can be waited for and signalled like a :class:`subprocess.Popen`."""

    process: subprocess.Popen[bytes]
    control: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def send_signal(self, signum: int) -> None:
        """Send the name of a signal to the machine, where the run is."""
        name = signal.Signals(signum).name.removeprefix("SIG")
        _tell(self.control, f"{name}\n".encode())

    def wait(self) -> int:
        return self.process.wait()


def perform(guest: Guest, job: Job) -> int:
    """Perform a job, and return its status in a shell's terms.

    Raises:
        VagrantError: the connection to the machine broke.

    """
    number = str(secrets.randbelow(1 << 31))
    terminal = not job.streams and all(_is_terminal(stream) for stream in range(3))
    streams = dict(zip(STREAMS, job.streams, strict=False))
    network = "yes" if job.network else "no"

    with _controlled(guest, number, run_file(supplied(job.run))) as control:

        def start() -> _Run:
            process = guest.start("run", number, network, terminal=terminal, **streams)
            return _Run(process, control)

        status = run_in_foreground(start, apart=not terminal)
        _tell(control, END)
    if status == LOST and not guest.connection.alive():
        raise VagrantError("The connection to the virtual machine broke", "Run it again")
    return status


@contextlib.contextmanager
def _controlled(guest: Guest, number: str, order: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """Tell the machine of a job; yield what takes signals for it, and ends it with us."""
    control = guest.start(
        "control",
        *(number, str(len(order))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,  # nothing is left to be written when it has ended
    )
    with control:
        _tell(control, order)
        if control.stdout is None or control.stdout.readline() != READY:
            raise VagrantError(
                "The virtual machine doesn't take the run",
                f"Bring its files back: rpz reset {guest.connection.folder}",
            )
        yield control


def _tell(control: subprocess.Popen[bytes], words: bytes) -> None:
    if control.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it has ended
            control.stdin.write(words)


def _is_terminal(stream: int) -> bool:
    return os.isatty(stream)
