"""What is compared of two packs of the same experiment: everything but what differs by itself.

That is: times that come of the runs, the kernel's numbers of processes, how much memory and
processor time they took, the numbers of rows, the ids of runs and packs, and random names.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
import sqlite3
import tarfile
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

Facts = dict[tuple[Any, ...], Any]
"""What a pack says, each by what it is about."""

MADE = "made by the runs"
RANDOM = [
    (re.compile(rb"/proc/\d+(/task/\d+)?"), b"/proc/NUMBER"),
    (re.compile(rb"/tmp/cc\w{6}\b"), b"/tmp/ccRANDOM"),  # of gcc
    (re.compile(rb"/tmp/Rtmp\w{6}\b(/[0-9a-f]+\.R\b)?"), b"/tmp/RtmpRANDOM"),  # of R
    (re.compile(rb"/tmp/(tmp)?[a-z0-9_]{8}(?=\.json\b|\0|$)"), b"/tmp/RANDOM"),  # of Python
    (re.compile(rb"\0JPY_(PARENT_PID|SESSION_NAME)=[^\0]*"), rb"\0JPY_\1=NUMBER"),  # of Jupyter
    (re.compile(rb"/(PostgreSQL|pg_internal\.init|xlogtemp)\.\d+\b"), rb"/\1.NUMBER"),
    (re.compile(rb"\0PG_GRANDPARENT_PID=\d+"), b"\0PG_GRANDPARENT_PID=NUMBER"),
    (re.compile(rb"/tmp/histogram\d+\b"), b"/tmp/histogramRANDOM"),  # of Java
    (re.compile(rb"/\.java_pid\d+\b"), b"/.java_pidNUMBER"),
    (re.compile(rb"/hsperfdata_(\w+)/\d+\b"), rb"/hsperfdata_\1/NUMBER"),
    (re.compile(rb"(\bjspawnhelper\0[^\0]*)\0\d+:\d+:\d+\0"), rb"\1\0DESCRIPTORS\0"),
]
"""Names that are others each time."""
PROCESSES = int(Path("/proc/sys/kernel/pid_max").read_text("ascii"))
"""After so many the kernel begins anew with their numbers."""
FIELDS = ("type", "mode", "uid", "gid", "size", "linkname")
"""What is compared of a file in a pack, beside its content and times."""
EVERYBODYS = ("DATA/tmp",)
"""Folders that other programs change meanwhile: their times aren't compared."""
TABLES = {
    "runs": "engine, argv, workingdir, umask, exitcode, uid, gid, name",
    "processes": "is_thread, exitcode, process",
    "opened_files": "process, name, mode, is_directory, existed, truncated",
    "executed_files": "process, name, argv, envp, workingdir",
    "links": "name, target",
    "renames": "process, kind, old, new",
    "removals": "process, name, is_directory",
    "absent_files": "name",  # which of two processes missed it first isn't compared
    "listings": "name, entries",  # as here
    "snapshots": "process, name, kind, mode, links, uid, gid, size, modified",
    "warnings": "process, text",
    "random_bytes": "process, size",
    "digests": "name, role, size, modified, sha256",
    "packages": "manager, name, version, purl, size",
    "package_files": "name",
}
"""What is compared of the trace database: rows of a table as a set, without their order."""
KEYS = {"digests": 3}
"""How many columns say what a row is about, the run's number included, if not all do."""
AS_NAMED = {"runs": {"run_id": "id"}, "processes": {"process": "id"}}
"""Columns that have another name in their own table."""


def facts(pack: Path) -> Facts:
    """Return what a pack says."""
    with tarfile.open(pack) as archive, _database(archive) as trace:
        begun = trace.execute("SELECT min(started) FROM runs").fetchone()[0]
        found: Facts = dict(_rows(trace, begun))
        found |= _files(_member(archive, "DATA.tar.gz"), begun)
        found |= dict.fromkeys(_lines(archive), True)
        found["archive", "members"] = archive.getnames()
    return found


def ways(pack: Path) -> list[tuple[int, int]]:
    """Return how many calls of each run were noticed from outside, and seen inside."""
    with tarfile.open(pack) as archive, _database(archive) as trace:
        return trace.execute(
            "SELECT calls_noticed, calls_logged + calls_repeated FROM runs"
        ).fetchall()


@contextlib.contextmanager
def _database(archive: tarfile.TarFile) -> Iterator[sqlite3.Connection]:
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(_member(archive, "METADATA/trace.sqlite3").read())
        copy.flush()
        with contextlib.closing(sqlite3.connect(copy.name)) as trace:
            trace.text_factory = bytes
            yield trace


def different(one: Facts, other: Facts) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    """Return what two packs don't both say: what each has of it (None: nothing)."""
    return {
        key: (one.get(key), other.get(key))
        for key in sorted({*one, *other}, key=repr)
        if one.get(key) != other.get(key)
    }


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    assert found is not None, name
    return found


def _files(data: IO[bytes], begun: int) -> Facts:
    found: Facts = {}
    with tarfile.open(fileobj=data, mode="r|gz", errors="surrogateescape") as files:
        for member in files:
            name = member.name
            found |= {("data", name, field): getattr(member, field) for field in FIELDS}
            if name not in EVERYBODYS:
                found["data", name, "time"] = _time(_nanoseconds(member), begun)
            if content := files.extractfile(member) if member.isreg() else None:
                found["data", name, "content"] = hashlib.sha256(content.read()).hexdigest()
    return found


def _nanoseconds(member: tarfile.TarInfo) -> int:
    return int(Decimal(member.pax_headers.get("mtime", str(member.mtime))) * 10**9)


def _time(nanoseconds: int, begun: int) -> int | str:
    return nanoseconds if nanoseconds < begun else MADE


def _lines(archive: tarfile.TarFile) -> Iterator[tuple[Any, ...]]:
    config = _member(archive, "METADATA/config.yml").read()
    texts = {"config": re.sub(rb'\npack_id: "[-\da-f]{36}"\n', b"\npack_id\n", config)}
    texts["packages"] = _member(archive, "EXTENSIONS/rpz/packages.json").read()
    stand_ins = "EXTENSIONS/rpz/placeholders.jsonl.gz"
    if stand_ins in archive.getnames():
        texts["placeholders"] = gzip.decompress(_member(archive, stand_ins).read())
    for part, text in texts.items():
        often: Counter[bytes] = Counter()
        for line in map(_named, text.splitlines()):
            often[line] += 1
            yield part, line, often[line]


def _named(text: bytes) -> bytes:
    for pattern, name in RANDOM:
        text = pattern.sub(name, text)
    return text


def _rows(
    trace: sqlite3.Connection, begun: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    position = _positions(trace)
    read: dict[str, Callable[[Any], Any]] = {
        "process": position.get,
        "modified": lambda value: _time(value, begun),
    }
    for table, names in TABLES.items():
        asked = AS_NAMED.get(table, {})
        columns = ["run_id", *names.split(", ")]
        found = trace.execute(
            f"SELECT {', '.join(asked.get(name, name) for name in columns)} FROM {table}"
        )
        readers = [read.get(name, _value) for name in columns]
        keys = KEYS.get(table)
        for row in found:
            said = [reader(value) for reader, value in zip(readers, row, strict=True)]
            yield (table, *said[:keys]), (True, *said[len(said[:keys]) :])


def _value(value: Any) -> Any:
    return _named(value) if isinstance(value, bytes) else value


def _positions(trace: sqlite3.Connection) -> dict[int, str]:
    """Name each process by where it comes from: 0.1.2 is the second child of the first of run 0.

    Which child is the second the kernel's numbers say, as the tracer may notice the third before.
    A thread is in the place of its process: which of several was faster isn't compared.
    """
    found: dict[int, str] = {}
    children: Counter[str] = Counter()
    rows = trace.execute("SELECT tid, id, run_id, parent, is_thread FROM processes").fetchall()
    first = rows[0][0]
    rows.sort(key=lambda row: (row[0] - first) % PROCESSES)
    for _, number, run, parent, is_thread in rows:
        above = found.get(parent, str(run))
        if not is_thread:
            children[above] += 1
        found[number] = above if is_thread else f"{above}.{children[above]}"
    return found
