"""A trace of ReproZip's in the form of ours: what it doesn't tell stays unknown.

Its three tables are described at https://docs.reprozip.org/en/1.x/developerguide.html; older
versions lack some of their columns. Names in it aren't real paths, it doesn't tell which files were
there before they were written, nor what they held: a pack's data say what they can of that.
"""

from __future__ import annotations

import contextlib
import posixpath
import sqlite3
from typing import TYPE_CHECKING, Any

from rpz.provenance.packed import NOTHING
from rpz.tracer.database import TraceDatabase, TraceDatabaseError
from rpz.tracer.fields import joined
from rpz.tracer.records import SIGNALLED, Mode
from rpz.tracer.rows import DigestRow, ExecutionRow, FileRow, ProcessRow, RunRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.packer.config.model import Config, Run
    from rpz.provenance.packed import Packed

ENGINE = "reprozip"
UNKNOWN = -1
"""A umask that nobody has recorded."""
READ, WRITE = int(Mode.READ), int(Mode.WRITE)
LATER = {"is_thread": "0", "exitcode": "NULL", "is_directory": "0", "workingdir": "''"}
"""Columns that came later, and what stands for them."""


def taken_over(trace: Path, config: Config, packed: Packed = NOTHING) -> TraceDatabase:
    """Return a database of ours with what a trace, its configuration and its pack's data tell.

    Raises:
        TraceDatabaseError: it isn't a trace of ReproZip's.

    """
    found = TraceDatabase.temporary()
    connection = sqlite3.connect(f"{trace.absolute().as_uri()}?mode=ro", uri=True)
    connection.text_factory = bytes
    try:
        theirs = _Theirs(connection)
        found.add([_run(i, run, theirs.began(i)) for i, run in enumerate(config.runs)])
        found.add(theirs.processes())
        found.add(theirs.executions())
        files = list(_files(theirs, packed))
        found.add(files)
        found.add(_digests(files, packed))
    except sqlite3.DatabaseError as error:
        found.close()
        raise TraceDatabaseError(
            f"{trace} is not a trace database: {error}", "Name a pack of ReproZip that is whole"
        ) from None
    finally:
        connection.close()
    return found


class _Theirs:
    """The rows of ReproZip's tables, as they are."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _rows(self, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        described = self._connection.execute(f"PRAGMA table_info({table})")
        there = {name.decode() for _, name, *_ in described}
        asked = [LATER[c] if c in LATER and c not in there else c for c in columns]
        yield from self._connection.execute(f"SELECT {', '.join(asked)} FROM {table} ORDER BY id")  # noqa: S608 (our own names)

    def began(self, run: int) -> int:
        """Return when a run began, on the monotonic clock."""
        found = self._connection.execute(
            "SELECT min(timestamp) FROM processes WHERE run_id = ?", (run,)
        )
        return int(found.fetchone()[0] or 0)

    def processes(self) -> Iterator[ProcessRow]:
        rows = self._rows(
            "processes", "id", "run_id", "parent", "timestamp", "is_thread", "exitcode"
        )
        for number, run, parent, time, is_thread, status in rows:
            yield ProcessRow(
                number, run, parent, time, bool(is_thread), status, None, 0, None, None, None
            )

    def executions(self) -> Iterator[ExecutionRow]:
        rows = self._rows("executed_files", *ExecutionRow._fields)
        return (ExecutionRow(*row) for row in rows)

    def files(self) -> Iterator[tuple[Any, ...]]:
        """Yield the uses of files: id, run, name, time, mode, whether a folder, process."""
        columns = ("id", "run_id", "name", "timestamp", "mode", "is_directory", "process")
        return self._rows("opened_files", *columns)


def _files(theirs: _Theirs, packed: Packed) -> Iterator[FileRow]:
    """Yield the uses; a file that was written first and isn't packed was made by the run.

    ReproZip doesn't count a program among the files that were read: here it is one.
    """
    seen: set[tuple[int, bytes]] = set()
    last = 0
    for number, run, name, time, mode, is_directory, process in theirs.files():
        path = packed.real(posixpath.normpath(name))
        last = max(last, number)
        first = (run, path) not in seen
        seen.add((run, path))
        made = first and bool(mode & WRITE) and not mode & READ and path not in packed.digests
        yield FileRow(
            number, run, path, time, mode, bool(is_directory), process, not made, truncated=False
        )
    for program in theirs.executions():
        last += 1
        path = packed.real(posixpath.normpath(program.name))
        made = (program.run_id, path) in seen and path not in packed.digests
        yield FileRow(
            *(last, program.run_id, path, program.timestamp, READ, False, program.process),
            existed=not made,
            truncated=False,
        )


def _digests(files: list[FileRow], packed: Packed) -> Iterator[DigestRow]:
    read = dict.fromkeys((f.run_id, f.name) for f in files if f.mode & READ)
    known = [(run, name) for run, name in read if name in packed.digests]
    for number, (run, name) in enumerate(known):
        size, modified, sha256 = packed.digests[name]
        yield DigestRow(number, run, name, "input", size, modified, sha256)


def _run(number: int, run: Run, began: int) -> RunRow:
    ended = run.exitcode
    return RunRow(
        id=number,
        engine=ENGINE,
        argv=joined(word.encode("utf-8", "surrogateescape") for word in run.argv),
        workingdir=bytes(run.workingdir),
        umask=UNKNOWN,
        started=0,
        ended=None,
        timestamp=began,
        end_timestamp=None,
        exitcode=SIGNALLED + run.signal if run.signal is not None else ended,
        uid=run.uid,
        gid=run.gid,
        architecture=run.architecture,
        distribution=run.distribution[0],
        distribution_version=run.distribution[1],
        hostname=run.hostname,
        system=run.system[0],
        kernel=run.system[1],
        processors=None,
        memory=None,
        user_time=None,
        system_time=None,
        peak_memory=None,
        name=run.id,
    )


def is_theirs(trace: Path) -> bool:
    """Whether a file is a trace database of ReproZip's: it has the tables, and no version."""
    if not trace.is_file():
        return False
    with contextlib.closing(sqlite3.connect(f"{trace.absolute().as_uri()}?mode=ro", uri=True)) as c:
        try:
            c.execute("SELECT 1 FROM processes, opened_files, executed_files LIMIT 1")
            return bool(c.execute("PRAGMA user_version").fetchone() == (0,))
        except sqlite3.DatabaseError:
            return False
