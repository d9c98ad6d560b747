"""Trace one command: engine -> record stream -> trace database.

What is needed when it has ended is imported while it runs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.process import as_we_were_started, run_in_foreground
from rpz.tracer.engines import DEFAULTS, ENGINES
from rpz.tracer.facts import write_facts
from rpz.tracer.folder import Existing
from rpz.tracer.follower import Follower
from rpz.tracer.meanwhile import NOTHING
from rpz.tracer.output import closed_streams_kept, saved_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rpz.tracer.conclusion import Addition, Conclusion
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.engines import EngineOptions
    from rpz.tracer.facts import Fact
    from rpz.tracer.folder import TraceFolder
    from rpz.tracer.meanwhile import Meanwhile

log = logging.getLogger(__name__)

STANDARD_ERROR = 2


@dataclass(frozen=True)
class Traced:
    """A traced run: its number, or None when there is no trace of it; its exit status.

    ``trouble`` is why the trace of a run that did take place was not made.
    """

    run: int | None
    status: int
    trouble: RpzError | None = None


def trace(
    folder: TraceFolder,
    argv: Sequence[str],
    engine: str,
    existing: Existing,
    options: EngineOptions = DEFAULTS,
    facts: Sequence[Fact] = (),
    addition: Addition | None = None,
    *,
    save_output: bool = False,
    name: str | None = None,
    meanwhile: Meanwhile = NOTHING,
    then: Conclusion | None = None,
) -> Traced:
    """Run a command under an engine and add what it did to the trace folder.

    What the folder held is replaced or removed only after the command has run. What goes wrong
    after that never hides the command's exit status: it is returned beside it. ``facts`` are known
    before it, and kept before it is started. ``meanwhile`` is
    done while the command runs, unless its output is saved; ``addition`` and ``then`` are
    :func:`add_run`'s.

    Raises:
        RpzError: the folder or the name can't be used, or there is no such engine here.

    """
    with closed_streams_kept(), folder.claimed(), contextlib.ExitStack() as opened:
        if name is not None:
            from rpz.tracer.naming import check_name, named

            addition = named(name, addition)
            check_name(folder, name, keep=existing is Existing.CONTINUE)
        number = folder.prepare(existing)
        write_facts(folder.facts(number), facts)
        stream = folder.unfinished_stream(number)
        follower = None
        if existing is not Existing.CONTINUE:
            follower = opened.enter_context(contextlib.closing(Follower(stream, engine, meanwhile)))
        options = replace(options, snapshots=folder.snapshots(number))
        try:
            command: list[str | bytes] = [*ENGINES[engine](stream, options)]
            with _streams(folder, number, save_output) as streams:
                words = [*command, *map(os.fsencode, argv)]
                # What takes output on is not held up by other work: a command may wait for it
                work = () if save_output else _meanwhile(meanwhile.prepare, follower)
                status = _run_engine(words, streams, work)
        except (RpzError, OSError):
            folder.abandon(number)
            raise
        try:
            run = _conclude(folder, number, engine, existing, addition, then, follower)
        except (Exception, KeyboardInterrupt) as error:
            from rpz.tracer.conclusion import trouble

            log.debug("What went wrong:", exc_info=True)
            return Traced(None, status, trouble(folder, error))
    return Traced(run, status)


def _conclude(
    folder: TraceFolder,
    number: int,
    engine: str,
    existing: Existing,
    addition: Addition | None,
    then: Conclusion | None,
    follower: Follower | None,
) -> int | None:
    from rpz.tracer.conclusion import add_run

    stream = folder.unfinished_stream(number)
    run = None
    if stream.exists():
        run = add_run(
            folder,
            number,
            replacing=existing is not Existing.CONTINUE,
            engine=engine,
            addition=addition,
            then=then,
            follower=follower,
        )
    elif not folder.records.is_dir():
        raise FileNotFoundError(folder.records)
    if run is None:  # the engine has said why: the command doesn't exist, can't be executed, traced
        folder.abandon(number)
    return run


def _meanwhile(prepare: Callable[[], None] | None, follower: Follower | None) -> Iterator[float]:
    """Get on with what would have to be done when the run has ended."""
    if prepare is not None:
        prepare()
        yield 0
    if follower is not None:
        yield from follower.follow()


def _streams(
    folder: TraceFolder, number: int, save_output: bool
) -> contextlib.AbstractContextManager[dict[int, int]]:
    if not save_output:
        return contextlib.nullcontext({})
    return saved_output(lambda name: folder.output(number, name))


def _run_engine(
    argv: Sequence[str | bytes],
    streams: dict[int, int],
    meanwhile: Iterable[float],
) -> int:
    return run_in_foreground(
        lambda: subprocess.Popen(
            argv,
            pass_fds=_inherited_descriptors(),
            stdout=streams.get(1),
            stderr=streams.get(STANDARD_ERROR),
            preexec_fn=as_we_were_started(),  # noqa: PLW1509 (it takes no lock)
        ),
        meanwhile,
    )


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


def summary(database: TraceDatabase, run: int) -> str:
    """Return what is worth saying of a run in a few words."""
    from rpz.tracer.rows import FileRow, ProcessRow, WarningRow

    processes = database.count(ProcessRow, "run_id = ? AND NOT is_thread", run)
    files = database.count_distinct(FileRow, "name", "run_id = ?", run)
    warnings = {w.text: None for w in database.rows(WarningRow, "run_id = ?", run)}
    for text in warnings:
        log.warning("%s.", " ".join(text.decode(errors="backslashreplace").splitlines()))
    return f"{_plural(processes, 'process', 'processes')}, {_plural(files, 'file', 'files')}"


def is_whole(database: TraceDatabase, run: int) -> bool:
    """Whether the trace of a run has its end: its tracer was not killed before."""
    from rpz.tracer.rows import RunRow

    return all(row.ended is not None for row in database.rows(RunRow, "id = ?", run))


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
