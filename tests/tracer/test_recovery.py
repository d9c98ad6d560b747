"""What becomes of runs that were cut short."""

from __future__ import annotations

import fcntl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.errors import RpzError
from rpz.tracer import records
from rpz.tracer.conclusion import recover
from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import Existing, TraceFolder, UnfinishedError
from rpz.tracer.lock import LockedError
from rpz.tracer.records import u32, u64
from rpz.tracer.rows import FileRow, RunRow, WarningRow
from rpz.tracer.stream import HEADER, RecordStreamError, RecordWriter
from tests.tracer.test_records import EXAMPLES, stream_of

if TYPE_CHECKING:
    from tests.conftest import Rpz

UNUSED = bytes(4096)
"""What the tracer has reserved in its file and not yet written."""


@pytest.fixture
def folder(tmp_path: Path) -> TraceFolder:
    made = TraceFolder(tmp_path / "trace")
    made.records.mkdir(parents=True)
    return made


def cut_short(folder: TraceFolder, number: int, *, executed: bool = True, engine: int = 0) -> bytes:
    content = [
        records.Run(u64(10 + number), u64(999), u32(0o22), u32(engine), b"/w", (b"%d" % number,)),
        records.Process(u64(11), u32(1), u32(0), u32(70), u32(0)),
        records.PathName(u64(12), u32(1), b"/w"),
    ]
    if executed:
        content.append(records.Exec(u64(13), u32(1), u32(1), u32(1), u32(0), (b"cmd",), ()))
    with folder.unfinished_stream(number).open("wb") as file:
        writer = RecordWriter(file)
        for record in content:
            writer.write(record)
        file.write(UNUSED)
    return folder.unfinished_stream(number).read_bytes()


def rows(folder: TraceFolder) -> list[RunRow]:
    with TraceDatabase.open(folder.database) as database:
        return list(database.rows(RunRow))


def names(folder: TraceFolder) -> list[str]:
    return sorted(str(p.relative_to(folder.path)) for p in folder.path.rglob("*") if p.is_file())


def test_a_run_that_was_cut_short_has_no_end(folder: TraceFolder) -> None:
    cut_short(folder, 0, engine=1)
    assert recover(folder) == [0]
    (row,) = rows(folder)
    assert (row.ended, row.end_timestamp, row.exitcode, row.engine) == (None, None, None, "python")
    assert names(folder) == ["records/0.records", "trace.sqlite3"]
    assert recover(folder) == []


def test_all_are_recovered_in_their_order_and_nothing_is_replaced(folder: TraceFolder) -> None:
    for number in (0, 2, 5):
        cut_short(folder, number)
        (folder.path / "snapshots" / str(number)).mkdir(parents=True)
        (folder.path / "snapshots" / str(number) / "1").write_text(str(number))
        (folder.path / "output").mkdir(exist_ok=True)
        folder.output(number, "stdout").write_text(str(number))
    assert recover(folder) == [0, 1, 2]
    assert [row.argv for row in rows(folder)] == [b"0\0", b"2\0", b"5\0"]
    assert [(folder.snapshots(n) / "1").read_text() for n in range(3)] == ["0", "2", "5"]
    assert [folder.output(n, "stdout").read_text() for n in range(3)] == ["0", "2", "5"]
    cut_short(folder, 3)
    assert recover(folder) == [3]
    assert len(rows(folder)) == 4


def test_what_was_loaded_and_not_renamed_is_not_loaded_twice(folder: TraceFolder) -> None:
    cut_short(folder, 0)
    recover(folder)
    folder.stream(0).replace(folder.unfinished_stream(1))
    assert recover(folder) == [0]
    assert len(rows(folder)) == 1
    assert names(folder) == ["records/0.records", "trace.sqlite3"]


def test_what_came_before_damage_is_recovered(folder: TraceFolder) -> None:
    content = cut_short(folder, 0)[: -len(UNUSED)]
    folder.unfinished_stream(0).write_bytes(content + b"\7\0\0\0garbage!" * 2)
    assert recover(folder) == [0]
    with TraceDatabase.open(folder.database) as database:
        (warning,) = database.rows(WarningRow)
    assert b"what came after is lost" in warning.text


CONTRADICTIONS = {
    "no such path": records.File(20, 1, 99, 1, 2),
    "no such process": records.Exit(20, 9, 0, 0, 0, 0),
    "no such kind": records.Rename(20, 1, 1, 1, 9),
    "no absolute path": records.PathName(20, 2, b"w"),
    "too late": records.File(2**63, 1, 1, 1, 2),
    "too long": records.Exit(20, 1, 0, 2**63, 0, 1),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_came_before_a_contradiction_is_recovered(folder: TraceFolder, name: str) -> None:
    kept, lost = records.File(19, 1, 1, 1, 2), records.File(21, 1, 1, 2, 2)
    content = cut_short(folder, 0)[: -len(UNUSED)]
    content += stream_of(kept, CONTRADICTIONS[name], lost)[HEADER.size :]
    folder.unfinished_stream(0).write_bytes(content)
    assert recover(folder) == [0]
    with TraceDatabase.open(folder.database) as database:
        assert [row.timestamp for row in database.rows(FileRow)] == [19]
        (warning,) = database.rows(WarningRow)
        assert [row.ended for row in database.rows(RunRow)] == [None]
    assert warning.text.startswith(b"The record stream is damaged: ")
    assert warning.text.endswith(b": what came after is lost")


def test_a_contradiction_before_a_program_was_started_is_told(folder: TraceFolder) -> None:
    content = stream_of(*EXAMPLES[:3], records.File(4, 1, 99, 1, 2), *EXAMPLES[3:])
    folder.unfinished_stream(0).write_bytes(content)
    with pytest.raises(RecordStreamError, match="The record stream is damaged"):
        recover(folder)
    assert folder.unfinished_stream(0).read_bytes() == content
    assert not folder.exists


def damaged(content: bytes, flips: list[tuple[int, int]], end: int) -> bytes:
    result = bytearray(content)
    for place, bits in flips:
        result[place % len(result)] ^= bits
    return bytes(result[: end % (len(result) + 1)])


FLIPS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), max_size=4)


@given(FLIPS, st.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_any_damage_is_a_trace_or_a_sentence(flips: list[tuple[int, int]], end: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = TraceFolder(Path(name) / "trace")
        folder.records.mkdir(parents=True)
        stream = folder.unfinished_stream(0)
        content = damaged(stream_of(*EXAMPLES), flips, end)
        stream.write_bytes(content)
        try:
            found = recover(folder)
        except RpzError:
            assert stream.read_bytes() == content
            assert not folder.database.exists()
        else:
            assert folder.exists == bool(found)


COMMON = stream_of(*EXAMPLES)
DAMAGED = {
    "empty": b"",
    "no stream": b"something else",
    "header only": COMMON[:16],
    "cut in a record": COMMON[:-60],
    "cut in the header": COMMON[:9],
    "a newer version": COMMON[:8] + b"\x02" + COMMON[9:],
    "no path of that number": stream_of(*EXAMPLES, records.Absent(7, 1, 99)),
    "no process of that number": stream_of(*EXAMPLES[:2], *EXAMPLES[3:]),
    "no such kind": stream_of(*EXAMPLES, records.Rename(7, 1, 1, 1, 99)),
    "no run": stream_of(*EXAMPLES[1:]),
    "a name with a NUL": stream_of(*EXAMPLES[:2], records.PathName(2, 1, b"/\0"), *EXAMPLES[2:]),
    "an empty name": stream_of(*EXAMPLES[:2], records.PathName(2, 1, b""), *EXAMPLES[2:]),
    "a relative name": stream_of(*EXAMPLES[:2], records.PathName(2, 1, b"x"), *EXAMPLES[2:]),
    "no arguments": stream_of(records.Run(1, 2, 0, 0, b"", ()), *EXAMPLES[1:]),
    "another command": stream_of(records.Run(1, 2, 0, 77, b"", (b"",)), *EXAMPLES[1:]),
    "a folder with a NUL": stream_of(records.Run(1, 2, 0, 0, b"/\0", (b"",)), *EXAMPLES[1:]),
    "a link with a NUL": stream_of(*EXAMPLES, records.Link(7, 1, 0, b"no\0target")),
    "odd texts": stream_of(
        records.Run(1, 2, 0, 0, b"folder", (b"",)),
        *EXAMPLES[1:],
        records.Link(7, 1, 0, b""),
        records.Connection(7, 1, 1, 0, 0, b"\1"),
        records.Listing(7, 1, 1, (b"", b"f")),
        records.Exec(7, 1, 1, 1, 0, (), (b"",)),
        records.Warn(7, 99, 0, b"\xff\n\0"),
    ),
    "a socket without a path": stream_of(*EXAMPLES, records.Connection(7, 1, 1, 0, 0, b"\1\0")),
    "behind it": COMMON + b"\1" * 100,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_the_command_says_a_sentence(rpz: Rpz, name: str) -> None:
    folder = TraceFolder(rpz.folder / ".rpz-trace")
    folder.records.mkdir(parents=True)
    folder.unfinished_stream(0).write_bytes(DAMAGED[name])
    done = rpz("recover")
    assert done.stdout == b""
    assert done.returncode == (0 if folder.exists else 1)
    lines = done.stderr.splitlines()
    assert lines
    assert all(line.startswith(b"rpz: ") for line in lines)


def test_a_run_that_never_started_is_removed(folder: TraceFolder) -> None:
    cut_short(folder, 0, executed=False)
    assert recover(folder) == []
    assert not folder.path.exists()


def test_a_run_that_goes_on_is_left_alone(folder: TraceFolder) -> None:
    content = cut_short(folder, 0)
    with folder.unfinished_stream(0).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="still being traced"):
            recover(folder)
        with pytest.raises(LockedError, match="still being traced"):
            folder.prepare(Existing.OVERWRITE)
    assert folder.unfinished_stream(0).read_bytes() == content


@pytest.mark.parametrize("existing", [Existing.REFUSE, Existing.CONTINUE])
def test_tracing_does_not_destroy_it(folder: TraceFolder, existing: Existing) -> None:
    content = cut_short(folder, 0)
    with pytest.raises(UnfinishedError, match=r"rpz recover -d .*--overwrite"):
        folder.prepare(existing)
    assert folder.unfinished_stream(0).read_bytes() == content


def test_overwriting_removes_it_when_the_new_run_has_ended(folder: TraceFolder) -> None:
    content = cut_short(folder, 0)
    assert folder.prepare(Existing.OVERWRITE) == 1
    assert folder.unfinished_stream(0).read_bytes() == content
    folder.unfinished_stream(1).write_bytes(b"new")
    folder.finish(1, 0, replacing=True)
    assert names(folder) == ["records/0.records"]
    assert folder.stream(0).read_bytes() == b"new"


def test_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RpzError, match="There is no trace at"):
        recover(TraceFolder(tmp_path / "none"))


def test_two_at_a_time_are_refused(folder: TraceFolder) -> None:
    with folder.claimed():
        with pytest.raises(LockedError, match=r"Another rpz is at work in .* --dir"):  # noqa: SIM117
            with folder.claimed():
                pytest.fail("both were let in")
        assert folder.lock.exists()
    assert not folder.path.exists() or not folder.lock.exists()
