"""Put runs that were traced apart into one trace folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpz.errors import RpzError
from rpz.tracer.conflicts import add_warnings
from rpz.tracer.database import TraceDatabase, replaced
from rpz.tracer.folder import (
    StillRunningError,
    number_of,
    reach_disk,
    recovery_command,
    remove_whole,
)
from rpz.tracer.loader import EVENTS
from rpz.tracer.lock import is_locked
from rpz.tracer.naming import free_name
from rpz.tracer.rows import TABLES, PackageRow, ProcessRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rpz.tracer.folder import TraceFolder


@dataclass(frozen=True)
class Combined:
    """The runs that were added: their numbers, and what those are called now that had to change.

    ``warnings`` are about files that the runs saw differently.
    """

    runs: tuple[int, ...]
    renamed: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def combine(sources: Sequence[TraceFolder], target: TraceFolder, *, append: bool) -> Combined:
    """Put the runs of several traces into one folder, in the order of the traces.

    The sources stay as they are. On an error, so does the target.

    Args:
        sources: the trace folders.
        target: the folder to make; with ``append``, one that has a trace already is added to.
        append: keep the runs that ``target`` has, before the others.

    Raises:
        RpzError: a source has no trace, or isn't finished; the target has one, and is to be made.

    """
    _check(sources, target)
    with target.claimed():
        if target.exists and not append:
            raise RpzError(
                f"{target.path} holds a trace already",
                "Add to it with --continue, or choose another folder with --dir",
            )
        _check_finished(target)
        first = target.next_run()
        try:
            combined = _put_together(sources, target, first)
        except BaseException:
            _remove_from(target, first)
            raise
        target.keep_config()
    return combined


def _check(sources: Sequence[TraceFolder], target: TraceFolder) -> None:
    seen: set[Path] = set()
    for source in sources:
        real = source.path.resolve()
        if real in seen or real == target.path.resolve():
            raise RpzError(
                f"{source.path} is given twice", "Name each trace once, and another one with --dir"
            )
        seen.add(real)
        with TraceDatabase.open(source.database) as database:
            if database.last_id(RunRow) < 0:
                raise RpzError(f"The trace in {source.path} has no runs", "Leave it out")
        _check_finished(source)


def _check_finished(folder: TraceFolder) -> None:
    """Refuse a folder with a run that has no place in the trace yet."""
    for number in folder.unfinished:
        if is_locked(folder.unfinished_stream(number)):
            raise StillRunningError(folder)
        raise RpzError(
            f"{folder.path} holds the record of a run that was cut short",
            f"Make its trace first: {recovery_command(folder)}",
        )


def _put_together(sources: Sequence[TraceFolder], target: TraceFolder, first: int) -> Combined:
    renamed: list[tuple[str, str]] = []
    with replaced(target.database, keep=target.exists) as database:
        for source in sources:
            base = database.last_id(RunRow) + 1
            with TraceDatabase.open(source.database) as added:
                renamed += _add_rows(database, added)
                for run in added.rows(RunRow):
                    _add_files(source, target, run.id, base + run.id)
        runs = tuple(run.id for run in database.rows(RunRow, "id >= ?", first))
        for number in runs:
            database.put_behind(number)
        warnings = add_warnings(database, first)
    return Combined(runs, tuple(renamed), tuple(warnings))


@dataclass(frozen=True)
class _Shift:
    """What is added to the numbers of a trace so that they go on from those of another one."""

    run: int
    process: int
    event: int
    package: int

    @classmethod
    def of(cls, database: TraceDatabase, added: TraceDatabase) -> _Shift:
        """Return what brings ``added`` behind ``database``."""
        last_event = max(database.last_id(kind) for kind in EVENTS)
        return cls(
            run=database.last_id(RunRow) + 1,
            process=max(database.last_id(ProcessRow), 0) + 1 - _first_id(added, ProcessRow),
            event=last_event + 1 - _first_id(added, *EVENTS),
            package=database.last_id(PackageRow) + 1,
        )

    def applied_to(self, kind: type[Any], own: int) -> Callable[[Any], Any]:
        """Return what moves a row; ``own`` is for tables with a sequence of their own."""
        ids = {RunRow: self.run, ProcessRow: self.process}
        by = {"id": ids.get(kind, self.event if kind in EVENTS else own), "run_id": self.run}
        by |= {"process": self.process, "parent": self.process, "package": self.package}
        moved = [(name, by[name]) for name in kind._fields if name in by]

        def move(row: Any) -> Any:
            numbers = {name: getattr(row, name) for name, _ in moved}
            return row._replace(**{n: numbers[n] + s for n, s in moved if numbers[n] is not None})

        return move


def _first_id(database: TraceDatabase, *kinds: type[Any]) -> int:
    first = (next(database.rows(kind), None) for kind in kinds)
    return min((row.id for row in first if row is not None), default=0)


def _add_rows(database: TraceDatabase, added: TraceDatabase) -> list[tuple[str, str]]:
    shift = _Shift.of(database, added)
    renamed: list[tuple[str, str]] = []
    names = {run.label for run in database.rows(RunRow)}
    for kind in TABLES:
        rows = map(shift.applied_to(kind, database.last_id(kind) + 1), added.rows(kind))
        database.add(_called(rows, names, renamed) if kind is RunRow else rows)
    return renamed


def _called(
    runs: Iterator[RunRow], taken: set[str], renamed: list[tuple[str, str]]
) -> Iterator[RunRow]:
    """Yield the runs with names that none of the others has."""
    for run in runs:
        name = free_name(run.label, taken)
        taken.add(name)
        if name != run.label:
            renamed.append((run.label, name))
        yield run if name == run.label else run._replace(name=name)


def _add_files(source: TraceFolder, target: TraceFolder, run: int, new: int) -> None:
    for path in source.files_of(run):
        final = target.path / path.parent.name / f"{new}{path.suffix}"
        final.parent.mkdir(exist_ok=True)
        remove_whole(final)  # left by a combination that was cut short
        if path.is_dir():
            shutil.copytree(path, final, copy_function=_link_or_copy, symlinks=True)
        else:
            _link_or_copy(path, final)


def _link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give a file that nobody changes any more a second name, or copy it to another disk."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
        reach_disk(Path(target))


def _remove_from(target: TraceFolder, first: int) -> None:
    """Remove what was put into the folder for runs that aren't in its trace."""
    for path in target.files():
        if number_of(path) >= first:
            remove_whole(path)
    target.remove_if_empty()
