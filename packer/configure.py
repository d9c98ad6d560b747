"""From the trace database to ``config.yml``."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.errors import RpzError
from rpz.packer import packages
from rpz.packer.atomic import replaced_file
from rpz.packer.config.model import Config, Run
from rpz.packer.config.writer import config_lines
from rpz.packer.history import history
from rpz.packer.inputs import inputs_outputs
from rpz.packer.looks import NOTHING
from rpz.packer.packages import packages_of
from rpz.packer.packages.modules import loaded_modules
from rpz.packer.rows import kept_names, path_bytes
from rpz.packer.select import FOLDER, LINK, Reason, Selection, select
from rpz.packer.sizes import human_size
from rpz.packer.table import MANY
from rpz.tracer.database import TraceDatabase
from rpz.tracer.fields import items_of
from rpz.tracer.folder import TraceFolder
from rpz.tracer.records import SIGNALLED
from rpz.tracer.rows import ExecutionRow, ProcessRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable
    from pathlib import Path

    from rpz.packer.config.model import Package
    from rpz.packer.identify import Identified
    from rpz.packer.listings import Listings
    from rpz.packer.looks import Looks

log = logging.getLogger(__name__)

CONFIG = "config.yml"
TRACE = "trace.sqlite3"


def prepare() -> None:
    """Begin with what takes a while and doesn't depend on the trace."""
    packages.prepare()


def write_config(
    folder: Path,
    opened: TraceDatabase | None = None,
    looks: Looks = NOTHING,
    known: Identified | None = None,
) -> Config:
    """Write ``folder/config.yml`` from ``folder/trace.sqlite3``, which may be open already.

    ``looks`` has what files were found to be since the runs have used them, ``known`` is what
    :func:`rpz.packer.identify.identified` has found in the trace, if it was asked.

    Raises:
        RpzError: there is no trace, there is nothing in it, or it can't be read.

    """
    with _database(folder, opened) as database:
        tree = history(database)
        selection = select(tree, TraceFolder(folder).all_snapshots, looks, MANY)
        rows = list(database.rows(RunRow))
        if not rows:
            raise RpzError(f"The trace in {folder} has no runs", "Trace one: rpz trace --overwrite")
        runs = _runs(database, rows)
        needed = [(item.path, item.kind is not FOLDER) for item in selection.needed]
        config = Config(
            runs=runs,
            inputs_outputs=inputs_outputs(tree, selection, rows),
            packages=_packages(runs, [path for path, is_file in needed if is_file], known),
        )
    packaged = {path for package in config.packages for path in path_bytes(package.files)}
    others = (path for path, _ in needed if path not in packaged)
    config = replace(config, other_files=kept_names(others))
    save_config(
        folder / CONFIG, config_lines(config, describer(selection), withheld_notes(selection))
    )
    return config


def _packages(
    runs: Iterable[Run], paths: Collection[bytes], known: Identified | None
) -> tuple[Package, ...]:
    found = None if known is None else known.narrowed(paths)
    return packages_of(paths, loaded_modules(r.environ for r in runs)) if found is None else found


def _database(
    folder: Path, opened: TraceDatabase | None
) -> contextlib.AbstractContextManager[TraceDatabase]:
    if opened is not None:
        return contextlib.nullcontext(opened)
    return TraceDatabase.open(folder / TRACE)


def reset_config(folder: Path) -> Path | None:
    """Write ``config.yml`` anew; return the path under which the one before is kept, if any was."""
    path = folder / CONFIG
    if not path.exists():
        write_config(folder)
        return None
    before, old = path.read_bytes(), TraceFolder(folder).next_kept()
    with replaced_file(old) as file:  # first, so that no moment is without what was edited
        file.write(before)
    try:
        write_config(folder)
    finally:
        if path.read_bytes() == before:
            old.unlink()
    return old if old.exists() else None


def read_selection(folder: Path, listings: Listings | None = None) -> Selection:
    """Decide what to pack, from ``folder/trace.sqlite3`` and what is on the disk now.

    ``listings`` are told, if they are wanted, what the runs listed.
    """
    with TraceDatabase.open(folder / TRACE) as database:
        return select(history(database, listings), TraceFolder(folder).all_snapshots)


def save_config(path: Path, lines: Iterable[str]) -> None:
    """Write a ``config.yml`` whole or not at all."""
    with replaced_file(path) as file:
        file.writelines(line.encode() for line in lines)


def withheld_notes(selection: Selection, packed: Container[bytes] = ()) -> dict[PosixPath, str]:
    """Return what isn't packed unless a person wants it, with the reason."""
    return {
        PosixPath(left.path): ("host-provided: " if left.reason is Reason.HOST else "") + left.why
        for left in selection.withheld
        if left.path not in packed
    }


def describer(selection: Selection) -> Callable[[bytes], str]:
    """Return what tells of a path what the comment behind it says."""
    packable = selection.packable

    def describe(path: bytes) -> str:
        item = packable(path)
        if item is None:
            return ""
        kind = item.kind
        if kind is LINK:
            return "Link to " + os.fsdecode(item.target or b"")
        return "Directory" if kind is FOLDER else human_size(item.size)

    return describe


def _runs(database: TraceDatabase, rows: list[RunRow]) -> tuple[Run, ...]:
    roots: dict[int, int] = {}
    for process in database.rows(ProcessRow, "parent IS NULL"):
        roots.setdefault(process.run_id, process.id)  # later ones lost their parents
    return tuple(_run(row, _first_exec(database, row.id, roots.get(row.id))) for row in rows)


def _first_exec(database: TraceDatabase, run: int, process: int | None) -> ExecutionRow | None:
    found = database.rows(ExecutionRow, "run_id = ? AND process IS ?", run, process)
    return next(found, None)


def _run(row: RunRow, first: ExecutionRow | None) -> Run:
    argv = _words(first.argv if first else row.argv)
    binary = first.name if first else row.argv.partition(b"\0")[0]
    exitcode = signal = None
    if row.exitcode is not None:
        killed = row.exitcode & SIGNALLED
        exitcode, signal = (None, row.exitcode & 0xFF) if killed else (row.exitcode, None)
    return Run(
        id=row.label,
        binary=PosixPath(os.path.join(row.workingdir, binary)),
        argv=argv,
        workingdir=PosixPath(row.workingdir),
        environ=_environ(first.envp if first else b""),
        architecture=row.architecture,
        distribution=(row.distribution, row.distribution_version),
        hostname=row.hostname,
        system=(row.system, row.kernel),
        uid=row.uid,
        gid=row.gid,
        exitcode=exitcode,
        signal=signal,
    )


def _words(listed: bytes) -> tuple[str, ...]:
    return tuple(word.decode("utf-8", "surrogateescape") for word in items_of(listed))


def _environ(listed: bytes) -> dict[str, str]:
    """Return the variables; the first of a name counts, as for getenv(3)."""
    variables: dict[str, str] = {}
    for word in _words(listed):
        name, equals, value = word.partition("=")
        if name and equals:
            variables.setdefault(name, value)
        else:
            log.info("The environment's entry %r is no variable: it is not packed", word)
    return variables
