"""Trace one command: engine -> record stream -> trace database."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.process import wait_in_foreground
from rpz.tracer.database import TraceDatabase, replaced
from rpz.tracer.engines import DEFAULTS, ENGINES
from rpz.tracer.host import this_host
from rpz.tracer.loader import Loader
from rpz.tracer.rows import FileRow, ProcessRow, WarningRow
from rpz.tracer.stream import read_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.tracer.engines import EngineOptions
    from rpz.tracer.folder import Existing, TraceFolder

log = logging.getLogger(__name__)

STANDARD_ERROR = 2


@dataclass(frozen=True)
class Traced:
    """A traced run: its number, or None when the command didn't start; its exit status."""

    run: int | None
    status: int


def trace(
    folder: TraceFolder,
    argv: Sequence[str],
    engine: str,
    existing: Existing,
    options: EngineOptions = DEFAULTS,
) -> Traced:
    """Run a command under an engine and add what it did to the trace folder.

    What the folder held is replaced or removed only after the command has run.

    Raises:
        RpzError: the folder can't be used, or there is no such engine here.

    """
    run = folder.prepare(existing)
    stream = folder.unfinished_stream(run)
    options = replace(options, snapshots=folder.unfinished_snapshots(run))
    try:
        status = _run_engine([*ENGINES[engine](stream, options), *map(os.fsencode, argv)])
        with replaced(folder.database, keep=run > 0) as database:
            loader = Loader(database, run, engine, this_host())
            if not (stream.exists() and loader.load(read_records(stream))):
                raise _NothingTracedError  # noqa: TRY301 (undoes what `replaced` has begun)
    except _NothingTracedError:
        folder.abandon(run)
        return Traced(None, status)
    except (RpzError, OSError):
        if not stream.exists():
            folder.abandon(run)
        raise
    folder.finish(run)
    return Traced(run, status)


class _NothingTracedError(Exception):
    """The engine has said why: the command doesn't exist, can't be executed or traced."""


def _run_engine(argv: Sequence[str | bytes]) -> int:
    return wait_in_foreground(subprocess.Popen(argv, pass_fds=_inherited_descriptors()))


def _inherited_descriptors() -> list[int]:
    """Return what the shell has opened for the command (``3<file``): what is ours is not inherited.

    With ``close_fds=False`` instead, Python would start the engine by posix_spawn(3), which leaves
    two signals ignored.
    """
    inherited = []
    for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 (a listing of numbers)
        with contextlib.suppress(OSError):  # the listing's own
            if number > STANDARD_ERROR and os.get_inheritable(number):
                inherited.append(number)
    return inherited


def summary(folder: TraceFolder, run: int) -> str:
    """Return what is worth saying of a run in a few words."""
    with TraceDatabase.open(folder.database) as database:
        processes = sum(not p.is_thread for p in database.rows(ProcessRow, "run_id = ?", run))
        names = {f.name for f in database.rows(FileRow, "run_id = ?", run)}
        for warning in database.rows(WarningRow, "run_id = ?", run):
            log.warning("%s", warning.text.decode(errors="replace"))
    return f"{_plural(processes, 'process', 'processes')}, {_plural(len(names), 'file', 'files')}"


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
