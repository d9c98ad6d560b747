"""32-bit programs, and the change from 64 bits to 32 and back within a process."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from tests.conftest import require
from tests.tracer import harness
from tests.tracer.harness import Traced, check_stream, traced

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = harness.PROGRAMS / "bare" / "bare32.c"
FLAGS = ["-m32", "-O1", "-Wall", "-nostdlib", "-static", "-ffreestanding", "-fno-pie", "-no-pie"]
EXIT = b'void _start(void) { __asm__ volatile("int $0x80" : : "a"(1), "b"(3)); }'


@pytest.fixture(params=["native", "sanitized"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    fixture = {"native": "native_tracer", "sanitized": "sanitized_tracer"}[request.param]
    monkeypatch.setitem(harness.ENGINES, request.param, [str(request.getfixturevalue(fixture))])
    return request.param


def fill(folder: Path) -> None:
    for name in ("read", "looked", "old"):
        (folder / name).touch()


def compiled(source: bytes, to: Path) -> subprocess.CompletedProcess[bytes]:
    """Compile a program with the kernel's headers of the 64-bit compiler."""
    where = [harness.compiler(), "-print-multiarch"]
    machine = subprocess.run(where, capture_output=True, check=True, text=True).stdout.strip()
    argv = [harness.compiler(), *FLAGS, f"-idirafter/usr/include/{machine}", "-o", to, "-xc", "-"]
    return subprocess.run(argv, input=source, capture_output=True, check=False)


def status_of(program: Path, folder: Path) -> int | str:
    try:
        return subprocess.run([program], cwd=folder, check=False).returncode
    except OSError as error:
        return str(error)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The 32-bit program, which works untraced."""
    made, simplest, place = (tmp_path / name for name in ("bare32", "simplest", "untraced"))
    done = compiled(EXIT, simplest)
    require(done.returncode == 0, f"the C compiler makes no 32-bit programs: {done.stderr!r}")
    status = status_of(simplest, tmp_path)
    require(status == 3, f"the kernel runs no 32-bit programs: {status}")
    done = compiled(SOURCE.read_bytes(), made)
    assert done.returncode == 0, done.stderr
    place.mkdir()
    fill(place)
    assert status_of(made, place) == 0
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    fill(folder)
    return folder


def execs(run: Traced) -> list[records.Exec]:
    return [record for record in run.records if isinstance(record, records.Exec)]


def check_uses(run: Traced, folder: Path, program: Path) -> None:
    assert (run.status, run.stderr) == (0, b"")
    check_stream(run.records)
    expected = {
        f"READ:EXISTED {program}",
        f"READ:EXISTED {folder}/read",
        f"WRITE: {folder}/made",
        f"STAT:EXISTED {folder}/looked",
        f"ABSENT {folder}/missing",
        f"RENAME {folder}/old {folder}/new",
        f"READ:EXISTED {os.path.realpath('/bin/true')}",
        "EXEC /bin/true",
        f"EXEC {program}",
    }
    assert expected - run.lines() == set()
    became = [(e.argv, e.environment) for e in execs(run) if e.argv[0] == b"true"]
    assert became[-1] == ((b"true", b"32"), (b"BITS=32",))


def test_a_32_bit_program_becomes_a_64_bit_one(engine: str, folder: Path, program: Path) -> None:
    run = traced(engine, folder, program, "argument", env={"ONLY": "this"})
    check_uses(run, folder, program)
    first, last = execs(run)
    assert (first.argv, first.environment[0]) == ((bytes(program), b"argument"), b"ONLY=this")
    assert first.process == last.process


def test_a_64_bit_program_becomes_a_32_bit_one(engine: str, folder: Path, program: Path) -> None:
    """Which becomes a 64-bit one again, in the same process."""
    run = traced(engine, folder, "sh", "-c", f"exec {program}")
    check_uses(run, folder, program)
    assert {record.process for record in execs(run)} == {1}


def test_a_64_bit_program_starts_32_bit_ones(engine: str, folder: Path, program: Path) -> None:
    script = f"{program}; mv new old; {program}; mv new old; {program} & wait; cat made"
    run = traced(engine, folder, "sh", "-c", script)
    check_uses(run, folder, program)
    assert [record.argv[0] for record in execs(run)].count(b"true") == 3
    assert f"READ:EXISTED {folder}/made" in run.lines()
