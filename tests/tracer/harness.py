"""Run the programs of ``tests/programs`` under an engine, and say what it recorded in their words.

Each program prints what has to be in its trace, one line each; names are absolute real paths:

- ``MODE PATH`` or ``MODE:FLAGS PATH``: a FILE record (``READ|WRITE /a``, ``WRITE:EXISTED /a``;
  after a colon the flags are exactly these)
- ``RENAME|EXCHANGE|HARDLINK OLD NEW``, ``REMOVE PATH``, ``RMDIR PATH``, ``SYMLINK PATH TARGET``
- ``EXEC PATH``: the program as it was asked for; ``KILLED N``: a process killed by signal N
- ``CONNECT|ACCEPT|BIND|SENDTO ADDRESS``: ``unix:PATH`` or ``inet:HOST:PORT``
- ``ABSENT PATH``, ``LISTING PATH ENTRIES``, ``WARNING TEXT``: TEXT is the beginning of a warning
- ``SNAPSHOT KIND PATH``: what was kept of a file; ``UNCHANGED PATH``: nothing was
- ``NEVER PATH``: no record about this path, but that it is absent; ``NEVER_STAT PATH``: no STAT use
  of it; ``NEVER_LISTED PATH``: no LISTING
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.tracer import records
from rpz.tracer.stream import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROGRAMS = Path(__file__).parent.parent / "programs"
PACKAGE = Path(records.__file__).absolute().parent.parent.parent
ENGINES: dict[str, list[str]] = {"python": [sys.executable, "-m", "rpz.tracer.reference"]}
if tracer := os.environ.get("RPZ_TRACER"):
    ENGINES["native"] = [tracer]

NEVER = ("NEVER", "NEVER_STAT", "NEVER_LISTED")


@dataclass(frozen=True)
class Traced:
    """A command that an engine has run: how it ended, what it printed and what was recorded."""

    status: int
    stdout: bytes
    stderr: bytes
    records: list[records.Record]

    def of(self, kind: type[records.Record]) -> list[records.Record]:
        return [record for record in self.records if type(record) is kind]

    def lines(self) -> set[str]:
        """Say each record as the programs do."""
        names = self.names()
        return {line for record in self.records for line in said(record, names)}

    def names(self) -> dict[int, str]:
        """Return which path has which number."""
        return {number: os.fsdecode(name) for number, name in _names(self.records).items()}

    def uses(self) -> set[tuple[bytes, records.Mode]]:
        """Return which file was used how, by whichever process."""
        names = _names(self.records)
        return {
            (names[record.path], records.Mode(record.mode))
            for record in self.records
            if isinstance(record, records.File)
        }

    def missing(self) -> list[str]:
        """Return the lines that the program printed and the trace does not bear out."""
        seen = self.lines()
        said = os.fsdecode(self.stdout).splitlines()
        return [line for line in said if not _is_borne_out(line, seen)]


def _is_borne_out(line: str, seen: set[str]) -> bool:
    word, _, path = line.partition(" ")
    if word == "NEVER":
        words = (other.split(" ") for other in seen)
        return not any(path in rest and kind != "ABSENT" for kind, *rest in words)
    if word == "NEVER_LISTED":
        return not any(other.startswith(f"LISTING {path} ") for other in seen)
    if word == "WARNING":
        return any(other.startswith(line) for other in seen)
    if word == "NEVER_STAT":
        return f"STAT {path}" not in seen
    if word == "UNCHANGED":
        return not any(f"SNAPSHOT {kind.name} {path}" in seen for kind in records.SnapshotKind)
    return line in seen


def _names(stream: Sequence[records.Record]) -> dict[int, bytes]:
    return {r.path: r.name for r in stream if isinstance(r, records.PathName)}


def said(record: records.Record, text: Mapping[int, str]) -> Iterator[str]:
    """Say a record as the programs do, with the paths' names."""
    match record:
        case records.File(path=path, mode=mode, flags=flags):
            yield f"{_bits(records.Mode, mode)} {text[path]}"
            yield f"{_bits(records.Mode, mode)}:{_bits(records.Flag, flags)} {text[path]}"
        case records.Rename(old=old, new=new, kind=kind):
            yield f"{records.RenameKind(kind).name} {text[old]} {text[new]}"
        case records.Remove(path=path, flags=flags):
            yield f"{'RMDIR' if flags else 'REMOVE'} {text[path]}"
        case records.Link(path=path, target=target):
            yield f"SYMLINK {text[path]} {os.fsdecode(target)}"
        case records.Exec(program=program):
            yield f"EXEC {text[program]}"
        case records.Exit(status=status) if status >= records.SIGNALLED:
            yield f"KILLED {status - records.SIGNALLED}"
        case records.Connection(kind=kind, address=address):
            yield f"{records.ConnectionKind(kind).name} {_address(address)}"
        case _:
            yield from _said_besides(record, text)


def _said_besides(record: records.Record, text: Mapping[int, str]) -> Iterator[str]:
    match record:
        case records.Absent(path=path):
            yield f"ABSENT {text[path]}"
        case records.Listing(path=path, entries=entries):
            yield f"LISTING {text[path]} {' '.join(map(os.fsdecode, entries))}"
        case records.Snapshot(path=path, kind=kind):
            yield f"SNAPSHOT {records.SnapshotKind(kind).name} {text[path]}"
        case records.Warn(text=said):
            yield f"WARNING {os.fsdecode(said)}"


def _bits(kind: type[records.Mode | records.Flag], value: int) -> str:
    return "|".join(str(bit.name) for bit in kind if bit & value)


def _address(address: bytes) -> str:
    family = struct.unpack_from("=H", address)[0] if address else 0
    if family == socket.AF_UNIX:
        return "unix:" + os.fsdecode(address[2:].partition(b"\0")[0])
    if family == socket.AF_INET:
        port = struct.unpack_from("!H", address, 2)[0]
        return f"inet:{socket.inet_ntop(socket.AF_INET, address[4:8])}:{port}"
    if family == socket.AF_INET6:
        port = struct.unpack_from("!H", address, 2)[0]
        return f"inet6:{socket.inet_ntop(socket.AF_INET6, address[8:24])}:{port}"
    return f"family {family}"


def traced(
    engine: str,
    folder: Path,
    *command: str | bytes | Path,
    env: Mapping[str, str] | None = None,
    options: Sequence[str | Path] = (),
    seconds: float = 60,
) -> Traced:
    """Run a command in a folder under one of :data:`ENGINES`, with options of the engine."""
    output = folder.with_name(folder.name + ".records")
    environment = {**(os.environ if env is None else env), "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(
        [*ENGINES[engine], *options, output, "--", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        timeout=seconds,
    )
    stream = list(read_records(output)) if output.exists() else []
    return Traced(done.returncode, done.stdout, done.stderr, stream)


@cache
def compiler() -> str:
    """Return the C compiler; the tests need one, so they fail without."""
    found = shutil.which("cc")
    assert found, "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)"
    return found


def compiled(name: str, folder: Path) -> Path:
    """Compile a program of ``tests/programs``."""
    program = folder / name
    subprocess.run(
        [compiler(), "-std=gnu11", "-O1", "-Wall", "-pthread", "-o", program, f"{name}.c"],
        cwd=PROGRAMS,
        check=True,
    )
    return program


def program_names(*but: str) -> list[str]:
    """Return the programs there are."""
    return sorted(source.stem for source in PROGRAMS.glob("*.c") if source.stem not in but)


def check_stream(stream: Sequence[records.Record]) -> None:
    """Check what docs/record-stream.md says of the order of records."""
    assert isinstance(stream[0], records.Run)
    assert isinstance(stream[-1], records.End)
    paths: set[int] = set()
    processes = {0: True}
    for record in stream:
        match record:
            case records.PathName(path=path, name=name):
                assert path not in paths
                assert re.match(rb"/", name)
                paths.add(path)
            case records.Process(process=process, parent=parent):
                assert process not in processes
                assert parent in processes
                processes[process] = True
            case records.Exit(process=process):
                assert processes[process], "a process that has ended twice"
                processes[process] = False
            case records.Warn():
                pass
            case _:
                assert all(getattr(record, name, 1) in paths for name in _path_fields(record))
                assert processes[getattr(record, "process", 0)], "a record of an ended process"
    assert not any(processes[number] for number in processes if number)


def _path_fields(record: records.Record) -> list[str]:
    return [
        name
        for name in ("path", "old", "new", "program")
        if isinstance(getattr(record, name, 0), int) and hasattr(record, name)
    ]
