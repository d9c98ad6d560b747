"""A connection to a virtual machine: one of OpenSSH's, which any number of commands share."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rpz.process import termination_as_interrupt
from rpz.unpackers.errors import VagrantError, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONFIG = "ssh_config"
"""The file in a target that says how its machine is reached."""
KNOWN_HOSTS = "known_hosts"
"""The file in a target with its machine's key, by which it is known wherever it is found."""
LOST = 255
"""What ``ssh`` ends with when it fails itself, and a program may end with too."""
LINGER = 10
"""Seconds for which the connection waits for another command, should rpz be killed."""


class UnreachableError(VagrantError):
    """A machine doesn't answer, or is another one."""


@dataclass(frozen=True)
class Connection:
    """A connection to the machine ``name`` of the target in ``folder``."""

    folder: Path
    name: str
    socket: str

    def start(
        self, command: Sequence[str], *, terminal: bool = False, **streams: Any
    ) -> subprocess.Popen[bytes]:
        """Start a command in the machine, as root; ``streams`` are as for :class:`~.Popen`.

        Without a terminal, what our terminal sends doesn't reach it. The words are rpz's own: they
        mean the same to every shell.
        """
        argv = [*self._argv("-tt" if terminal else "-T"), self.name, "exec sudo -n", *command]
        return subprocess.Popen(argv, cwd=self.folder, start_new_session=not terminal, **streams)

    def alive(self) -> bool:
        """Whether the connection is still there."""
        argv = [*self._argv("-O", "check"), self.name]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, check=False)
        return done.returncode == 0

    def _argv(self, *options: str) -> list[str]:
        return ["ssh", *_options(), "-S", self.socket, *options]


@contextlib.contextmanager
def connected(folder: Path, name: str, patience: int) -> Iterator[Connection]:
    """Connect to a machine, if it answers within a number of seconds.

    Raises:
        UnreachableError: it doesn't.

    """
    with termination_as_interrupt(), tempfile.TemporaryDirectory(prefix="rpz-") as place:
        connection = Connection(folder, name, str(Path(place, "ssh")))
        _join(connection, patience)
        try:
            yield connection
        finally:
            argv = [*connection._argv("-O", "exit"), name]  # noqa: SLF001 (it is ours)
            subprocess.run(argv, cwd=folder, capture_output=True, check=False)


def _join(connection: Connection, patience: int) -> None:
    """Start the process that keeps the connection."""
    with tempfile.TemporaryFile() as said:  # it keeps its standard error open
        argv = [
            *connection._argv("-M", "-f", "-N"),  # noqa: SLF001
            *("-o", f"ControlPersist={LINGER}", "-o", f"ConnectTimeout={patience}"),
            connection.name,
        ]
        done = subprocess.run(
            argv,
            cwd=connection.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            check=False,
        )
        if done.returncode != 0:
            raise UnreachableError(f"The virtual machine can't be reached: {_last_line(said)}")


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().strip().splitlines() or [b"ssh failed"]
    return readable(lines[-1].strip()).rstrip(".")


def _options() -> list[str]:
    """Return what holds for every call; files are named from the target's folder."""
    return [
        *("-F", CONFIG),
        *("-o", "BatchMode=yes"),
        *("-o", "LogLevel=ERROR"),
        *("-o", "ServerAliveInterval=15"),
        *("-o", "ServerAliveCountMax=8"),
        *("-o", f"UserKnownHostsFile={KNOWN_HOSTS}"),
        *("-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", "HostKeyAlias=rpz"),
        *("-o", "StrictHostKeyChecking=accept-new"),
    ]
