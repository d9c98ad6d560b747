"""What may make a run end otherwise the next time: the sources of chance that its trace saw."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from rpz.tracer.facts import Fact
from rpz.tracer.fields import variables_of
from rpz.tracer.records import Mode
from rpz.tracer.rows import ConnectionRow, ExecutionRow, FileRow, ProcessRow, RandomRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.tracer.database import TraceDatabase

TOPIC = "chance"
DEVICES = (b"/dev/random", b"/dev/urandom", b"/dev/hwrng")
LOOPBACK = (b"127.", b"[::1]", b"[::ffff:127.")
THREADS = (
    b"OMP_NUM_THREADS",
    b"OPENBLAS_NUM_THREADS",
    b"MKL_NUM_THREADS",
    b"NUMEXPR_NUM_THREADS",
    b"PYTHONHASHSEED",
)
LOCALE = (b"LC_ALL", b"LC_NUMERIC", b"LC_COLLATE", b"LANG", b"TZ")
"""Variables that decide how many add up what, and in which order names are sorted."""


def sources(database: TraceDatabase, run: int) -> Iterator[Fact]:
    """Yield the sources, each once."""
    marks = ", ".join(f"CAST(X'{device.hex()}' AS TEXT)" for device in DEVICES)
    where = f"run_id = {run} AND name IN ({marks}) AND mode & {int(Mode.READ)}"
    for (device,) in sorted(database.distinct(FileRow, "name", where)):
        yield Fact(TOPIC, "random device", device)
    for program, size in sorted(_randomized(database, run)):
        yield Fact(TOPIC, "getrandom", b"%s (%d bytes)" % (program, size))
    for address in sorted(_remote(database, run)):
        yield Fact(TOPIC, "network", address)
    if threads := database.count(ProcessRow, "run_id = ? AND is_thread", run):
        yield Fact(TOPIC, "threads", str(threads).encode())
    first = next(database.rows(ExecutionRow, "run_id = ?", run), None)
    if first is not None:
        yield from _variables(first.envp)


def _randomized(database: TraceDatabase, run: int) -> set[tuple[bytes, int]]:
    """Return the programs that got random bytes, and how many they first asked for."""
    asked = {
        number: (process, size)
        for number, process, size in database.distinct(
            RandomRow, "id, process, size", f"run_id = {run}"
        )
    }
    if not asked:
        return set()
    parents = dict(database.distinct(ProcessRow, "id, parent", f"run_id = {run}"))
    executed = database.distinct(ExecutionRow, "id, process, name", f"run_id = {run}")
    started = {number: (process, name) for number, process, name in executed}
    programs: dict[int, bytes] = {}
    found = set()
    for number in sorted(asked.keys() | started.keys()):
        if number in started:
            process, name = started[number]
            programs[process] = posixpath.basename(name)
        else:
            process, size = asked[number]
            while process not in programs and parents.get(process) is not None:
                process = parents[process]
            found.add((programs.get(process, b"?"), size))
    return found


def _remote(database: TraceDatabase, run: int) -> set[bytes]:
    """Return the hosts that the run called, but for its own machine."""
    where = f"run_id = {run} AND family IN ('INET', 'INET6') AND operation IN ('connect', 'sendto')"
    hosts = (
        row[0].rpartition(b":")[0] for row in database.distinct(ConnectionRow, "address", where)
    )
    return {host for host in hosts if not host.startswith(LOOPBACK)}


def _variables(envp: bytes) -> Iterator[Fact]:
    given = variables_of(envp)
    for topic, names in (("setting", THREADS), ("locale", LOCALE)):
        for name in names:
            if name in given:
                yield Fact(TOPIC, topic, name + b"=" + given[name])
