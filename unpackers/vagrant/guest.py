"""What is done inside the virtual machine, by ``guest.sh``."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rpz.unpackers.errors import (
    NoSuchFileInTargetError,
    NotAFileError,
    VagrantError,
    readable,
)
from rpz.unpackers.members import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpaths import PosixPath

    from rpz.unpackers.vagrant.ssh import Connection

SCRIPT = Path(__file__).with_name("guest.sh")
INSTALLED = "/var/lib/rpz-guest.sh"
ROOT = "/var/lib/rpz/root"
"""The experiment's file system, unless that is the machine's own."""
OWN_ROOT = "/"
MISSING, NOT_A_FILE = 65, 66
"""Exit statuses of the script."""


@dataclass(frozen=True)
class Guest:
    """The machine behind a connection, and the experiment's root in it."""

    connection: Connection
    root: str

    def start(
        self, action: str, *arguments: str, terminal: bool = False, **streams: Any
    ) -> subprocess.Popen[bytes]:
        """Start an action of the script."""
        command = ["sh", INSTALLED, action, self.root, *arguments]
        return self.connection.start(command, terminal=terminal, **streams)

    def install(self) -> None:
        """Put the script into the machine.

        Raises:
            VagrantError: the machine's user may not become root.

        """
        with _said() as said:
            process = self.connection.start(
                ["tee", INSTALLED],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            _feed(process, [SCRIPT.read_bytes()])
            _check(process.wait(), said, "The virtual machine can't be set up")

    def unpack(self, archive: Iterable[bytes]) -> None:
        """Send the experiment's files, as a tar archive that is made while it is sent."""
        with _said() as said:
            process = self.start(
                "unpack", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
            )
            with _ended(process):
                _feed(process, archive)
            _check(process.returncode, said, "The virtual machine doesn't take the files")

    def changes(self) -> Iterator[bytes]:
        """Yield the paths of what was changed since then."""
        with _said() as said:
            process = self.start(
                "changes", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
            )
            with _ended(process):
                yield from (name[1:] for name in _names(process.stdout))
            _check(process.returncode, said, "The changed files can't be listed")

    def read(self, path: PosixPath, out: IO[bytes]) -> None:
        """Write the content of a file to ``out``."""
        with _said() as said:
            process = self.start(
                "read",
                str(len(path.path)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )
            with _ended(process):
                _feed(process, [path.path])
                if process.stdout is not None:
                    shutil.copyfileobj(process.stdout, out, BLOCK)
            _check(process.returncode, said, f"{readable(path.path)} can't be read", path)

    def write(self, path: PosixPath, source: IO[bytes], owner: str) -> None:
        """Replace a file; a new one is ``owner``'s (``UID:GID``), unless that is ``-``."""
        size = os.fstat(source.fileno()).st_size
        with _said() as said:
            process = self.start(
                "write",
                *(str(len(path.path)), str(size), owner),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            with _ended(process):
                _feed(process, itertools.chain([path.path], _exactly(size, source)))
            _check(process.returncode, said, f"{readable(path.path)} can't be written", path)


def _feed(process: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> None:
    """Write to a command, and let it know that this is all; if it has ended, its status tells."""
    if process.stdin is None:
        return
    try:
        for block in blocks:
            process.stdin.write(block)
        process.stdin.close()
    except BrokenPipeError:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _exactly(size: int, source: IO[bytes]) -> Iterator[bytes]:
    """Yield ``size`` bytes: what a file that shrinks meanwhile lacks is zeros, as on the disk."""
    while size:
        block = source.read(min(size, BLOCK)) or bytes(min(size, BLOCK))
        size -= len(block)
        yield block


def _names(stream: IO[bytes] | None) -> Iterator[bytes]:
    """Yield texts that each end with a NUL byte."""
    rest = b""
    while stream is not None and (block := stream.read(BLOCK)):
        *whole, rest = (rest + block).split(b"\0")
        yield from whole


@contextlib.contextmanager
def _said() -> Iterator[IO[bytes]]:
    """Yield a file for what a command says on its standard error."""
    with tempfile.TemporaryFile() as said:
        yield said


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Wait for the end of a command; end it if something fails meanwhile."""
    with process:
        try:
            yield
        except BaseException:
            process.terminate()
            raise


def _check(status: int, said: IO[bytes], what: str, path: PosixPath | None = None) -> None:
    """Turn the end of a command into an error, if it failed."""
    if status == 0:
        return
    if path is not None and status == MISSING:
        raise NoSuchFileInTargetError(path)
    if path is not None and status == NOT_A_FILE:
        raise NotAFileError(path)
    said.seek(0)
    lines = said.read().strip().splitlines() or [b"exit status %d" % status]
    raise VagrantError(f"{what}: {readable(lines[-1]).rstrip('.')}")
