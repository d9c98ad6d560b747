"""What the runs' outputs were when they were traced, to compare a replay with."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import DigestRow

if TYPE_CHECKING:
    from pathlib import Path

    from rpaths import PosixPath

    from rpz.packer.config.model import Config, InputOutput

BLOCK = 1 << 18


@dataclass(frozen=True)
class Output:
    """A file as a run has left it.

    ``original`` is where it still is with these bytes, None when it has changed since. ``size`` is
    in bytes; both it and ``sha256`` are None when nothing tells what it was.
    """

    name: str
    path: PosixPath
    size: int | None
    sha256: str | None
    original: bytes | None


def outputs_of(folder: Path, config: Config, run: int) -> tuple[Output, ...]:
    """Return what a run of a trace folder has written, of what ``config.yml`` calls an output."""
    with TraceDatabase.open(TraceFolder(folder).database) as database:
        digests = {
            row.name: row for row in database.rows(DigestRow, "run_id = ? AND role = 'output'", run)
        }
    return tuple(
        _output(file, digests.get(bytes(file.path)), run)
        for file in config.inputs_outputs
        if run in file.written_by_runs
    )


def _output(file: InputOutput, digest: DigestRow | None, run: int) -> Output:
    path = bytes(file.path)
    now = digest_of(path)
    if digest is not None:
        known = (digest.size, digest.sha256)
        return Output(file.name, file.path, *known, path if now == known else None)
    if now is None or run != max(file.written_by_runs):  # a later run's is there now
        return Output(file.name, file.path, None, None, None)
    return Output(file.name, file.path, *now, path)


def digest_of(path: bytes) -> tuple[int, str] | None:
    """Return the size and SHA-256 of a regular file; None: there is none that can be read."""
    digest, size = hashlib.sha256(usedforsecurity=False), 0
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
    except OSError:
        return None
    return size, digest.hexdigest()
