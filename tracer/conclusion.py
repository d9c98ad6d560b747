"""From the record of a run that has ended, or was cut short, to its place in the trace folder."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.tracer.database import TraceDatabase, replaced
from rpz.tracer.facts import add_facts, read_facts
from rpz.tracer.folder import StillRunningError, executes, recovery_command
from rpz.tracer.host import this_host
from rpz.tracer.loader import Loader
from rpz.tracer.lock import is_locked
from rpz.tracer.records import ENGINE_NAMES, Run
from rpz.tracer.rows import RunRow
from rpz.tracer.stream import RecordStreamError, read_records, read_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rpz.tracer.folder import TraceFolder
    from rpz.tracer.follower import Follower

    Addition = Callable[[TraceDatabase, int, int], None]
    Conclusion = Callable[[TraceDatabase, int], None]


def add_run(
    folder: TraceFolder,
    number: int,
    *,
    replacing: bool,
    engine: str,
    up_to_damage: bool = False,
    addition: Addition | None = None,
    then: Conclusion | None = None,
    follower: Follower | None = None,
) -> int | None:
    """Add what a run has recorded to the trace database and return its number there.

    Args:
        folder: the trace folder.
        number: the run's number while it went on.
        replacing: the run takes the place of the whole trace.
        engine: the engine's name.
        up_to_damage: take what comes before a damaged record, with a warning.
        addition: is called with the database, before that is finished, and with both numbers.
        follower: what has followed the run; only if the trace begins with it.
        then: is called with the database, when all is in its place, and with the number there.

    Returns:
        None where no program was started.

    """
    keep = folder.exists and not replacing
    run = folder.next_run() if keep else 0

    def finish(database: TraceDatabase) -> None:
        folder.finish(number, run, replacing=replacing)
        if then is not None:
            then(database, run)

    with contextlib.suppress(_NothingTracedError):
        with replaced(folder.database, keep=keep, then=finish) as database:
            loaded = follower.finish(database) if follower is not None and not keep else None
            if loaded is None:
                loader = Loader(database, run, engine, this_host())
                records = read_values(folder.unfinished_stream(number))
                loaded = loader.load_values(records, up_to_damage=up_to_damage)
            if not loaded:
                raise _NothingTracedError
            database.put_behind(run)
            add_facts(database, run, read_facts(folder.facts(number)))
            if addition is not None:
                addition(database, number, run)
        return run
    return None


class _NothingTracedError(Exception):
    """Undoes what :func:`replaced` has begun."""


def recover(folder: TraceFolder, failed: Callable[[RpzError], None] | None = None) -> list[int]:
    """Make the trace of every run that was cut short; return their numbers in the trace.

    They are added to the trace that there is: nothing is replaced. With ``failed``, which is called
    with each error, a run that can't be recovered doesn't keep the others from it.

    Raises:
        RpzError: there is no trace folder, a run is going on, a record can't be read.

    """
    if not folder.path.is_dir():
        raise RpzError(f"There is no trace at {folder.path}", "Make one: rpz trace")
    with folder.claimed():
        for number in folder.unfinished:
            if is_locked(folder.unfinished_stream(number)):
                raise StillRunningError(folder)
        found = [_recover_or_tell(folder, number, failed) for number in folder.unfinished]
    return [run for run in found if run is not None]


def _recover_or_tell(
    folder: TraceFolder, number: int, failed: Callable[[RpzError], None] | None
) -> int | None:
    try:
        return _recover(folder, number)
    except RpzError as error:
        if failed is None:
            raise
        failed(error)
        return None


def _recover(folder: TraceFolder, number: int) -> int | None:
    stream = folder.unfinished_stream(number)
    if not executes(stream):
        folder.abandon(number)
        return None
    start = _start(stream)
    if (run := _loaded(folder, start)) is not None:  # killed before the stream had its final name
        folder.finish(number, run, replacing=False)
        return run
    engine = ENGINE_NAMES.get(start.engine, ENGINE_NAMES[0])
    return add_run(folder, number, replacing=False, engine=engine, up_to_damage=True)


def _start(stream: Path) -> Run:
    first = next(read_records(stream), None)
    if not isinstance(first, Run):
        raise RecordStreamError(f"{stream} does not begin as a run does")
    return first


def _loaded(folder: TraceFolder, start: Run) -> int | None:
    if not folder.exists:
        return None
    with TraceDatabase.open(folder.database) as database:
        # The times of the monotonic clock aren't compared: they may have been moved
        same = database.rows(RunRow, "started = ?", start.wall_clock)
        argv = b"".join(word + b"\0" for word in start.argv)
        return next((row.id for row in same if row.argv == argv), None)


def trouble(folder: TraceFolder, error: BaseException) -> RpzError:
    """Return what to say when a run has ended, and its trace can't be made."""
    if not folder.records.is_dir():
        return RpzError(
            f"The trace folder {folder.path} was removed during the run",
            "Trace it again, and leave the folder alone",
        )
    return RpzError(
        f"The run's trace was not made: {reason(error)}",
        f"Its record is kept: {recovery_command(folder)}",
    )


def reason(error: BaseException) -> str:
    """Return what happened, without a full stop: whatever it was."""
    if isinstance(error, RpzError):
        return error.message
    if isinstance(error, KeyboardInterrupt):
        return "rpz was interrupted"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, sqlite3.Error):
        return str(error)
    return f"an error in rpz, {error!r}"
