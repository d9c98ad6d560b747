"""Names, arguments and environments of any bytes and any size come whole into the database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from rpz.tracer.database import TraceDatabase
from rpz.tracer.digests import add_digests
from rpz.tracer.records import u32, u64
from rpz.tracer.rows import DigestRow, ExecutionRow, FileRow
from rpz.tracer.stream import RecordWriter

if TYPE_CHECKING:
    from tests.conftest import Rpz

DESCEND = """
import os
for number in range(400):
    name = "%03d-" % number + "x" * 246
    os.mkdir(name)
    os.chdir(name)
with open("file", "w") as file:
    file.write("deep")
with open("file") as file:
    file.read()
"""
"""Reach a path of 100,000 characters, which no system call takes at once."""

EXECUTE = """
import os, sys
words = [b"%06d" % number + b"\\xff" * 113 for number in range(16_000)]
os.execv("/bin/true", [b"true", *words])
"""
"""Pass arguments of almost two megabytes: what the kernel allows with a stack of 8 MiB."""


@pytest.fixture
def trace(rpz: Rpz, tracer_engine: str):
    def run(*arguments: str | bytes) -> TraceDatabase:
        done = rpz("trace", "-q", "--engine", tracer_engine, *arguments)
        assert (done.returncode, done.stderr) == (0, b"")
        return TraceDatabase.open(rpz.folder / ".rpz-trace" / "trace.sqlite3")

    return run


def test_a_path_of_100000_characters(rpz: Rpz, tracer_engine: str) -> None:
    names = [b"%03d-" % number + b"x" * 246 for number in range(400)]
    path = b"/".join([os.fsencode(rpz.folder), *names, b"file"])
    assert len(path) > 100_000
    try:
        done = rpz("trace", "-q", "--engine", tracer_engine, sys.executable, "-c", DESCEND)
        with TraceDatabase.open(rpz.folder / ".rpz-trace" / "trace.sqlite3") as database:
            modes = {row.mode for row in database.rows(FileRow) if row.name == path}
        assert (rpz.folder / ".rpz-trace" / "config.yml").is_file()
    finally:
        subprocess.run(["rm", "-rf", rpz.folder / os.fsdecode(names[0])], check=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert modes == {1, 2}


def test_a_recorded_path_of_100000_characters(rpz: Rpz) -> None:
    """From the record stream on, whatever engine wrote it."""
    path = b"/" + b"/".join(b"%03d-" % number + b"\xff" * 246 for number in range(400))
    folder = rpz.folder / ".rpz-trace"
    (folder / "records").mkdir(parents=True)
    with (folder / "records" / "0.unfinished").open("wb") as file:
        writer = RecordWriter(file)
        for record in (
            records.Run(u64(1), u64(2), u32(0o22), u32(0), b"/", (b"true",)),
            records.Process(u64(2), u32(1), u32(0), u32(70), u32(0)),
            records.PathName(u64(3), u32(1), path),
            records.PathName(u64(3), u32(2), b"/bin/true"),
            records.PathName(u64(3), u32(3), b"/"),
            records.Exec(u64(4), u32(1), u32(2), u32(3), u32(0), (b"true",), ()),
            records.File(u64(5), u32(1), u32(1), u32(1), u32(2)),
        ):
            writer.write(record)
    assert rpz("recover").returncode == 0
    with TraceDatabase.open(folder / "trace.sqlite3") as database:
        assert [row.name for row in database.rows(FileRow)] == [path]
        add_digests(database, 0, folder)
        assert list(database.rows(DigestRow)) == []
    assert rpz("pack").returncode == 0


def test_two_megabytes_of_arguments(trace) -> None:
    words = [b"true", *(b"%06d" % number + b"\xff" * 113 for number in range(16_000))]
    with trace(sys.executable, "-c", EXECUTE) as database:
        last = list(database.rows(ExecutionRow))[-1]
    assert last.name == b"/bin/true"
    assert last.argv == b"".join(word + b"\0" for word in words)
    assert len(last.argv) > 1_900_000


@pytest.mark.parametrize(
    "name", [b"\xff\xfe", b"new\nline", b" ", b"'\"$`\\", "é".encode(), b"\t\x1b[1m"]
)
def test_any_name(rpz: Rpz, trace, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(rpz.folder) + b"/" + name))
    path.write_bytes(b"in")
    out = b"out" + name
    with trace("cp", name, out) as database:
        rows = {(row.name, row.mode) for row in database.rows(FileRow)}
        (execution,) = database.rows(ExecutionRow)
        hashed = {row.name: row.role for row in database.rows(DigestRow)}
    folder = os.fsencode(rpz.folder)
    assert (folder + b"/" + name, 1) in rows
    assert (folder + b"/" + out, 2) in rows
    assert execution.argv == b"cp\0" + name + b"\0" + out + b"\0"
    assert hashed[folder + b"/" + name] == "input"
    assert hashed[folder + b"/" + out] == "output"
