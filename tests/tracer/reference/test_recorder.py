"""Numbers for paths, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from rpz.tracer import records
from rpz.tracer.records import Flag, Mode
from rpz.tracer.reference.recorder import Recorder
from rpz.tracer.reference.resolve import CrossedLink, LeftFolder, Place
from rpz.tracer.stream import read_records

STATUS = Path("/dev/null").stat()
FILE = Place(b"/a/file", STATUS, (CrossedLink(b"/link", b"a"), LeftFolder(b"/a/b")))
NONE = Flag(0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records"


def kinds(path: Path) -> list[type[records.Record]]:
    return [type(record) for record in read_records(path)]


def test_what_is_crossed_comes_first(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.use(1, FILE, Mode.READ, NONE)
    named = [records.PathName, records.Link, records.PathName, records.File]
    assert kinds(path) == [*named, records.PathName, records.File]


def test_the_same_is_written_once(path: Path) -> None:
    with Recorder(path) as recorder:
        for _ in range(3):
            recorder.use(1, FILE, Mode.READ, NONE)
            recorder.warning(1, "once")
    assert kinds(path).count(records.File) == 2
    assert kinds(path).count(records.Link) == 1
    assert kinds(path).count(records.Warn) == 1


def test_another_process_mode_or_flag_is_written(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.use(1, FILE, Mode.WRITE, NONE)
        recorder.use(2, FILE, Mode.WRITE, NONE)
        recorder.use(1, FILE, Mode.STAT, NONE)
        recorder.use(1, FILE, Mode.WRITE, Flag.TRUNCATED)
    uses = [r for r in read_records(path) if isinstance(r, records.File)]
    assert len({(r.process, r.path, r.mode, r.flags) for r in uses}) == len(uses) == 6


def test_a_removed_name_starts_anew(path: Path) -> None:
    new = Place(b"/new", None)
    with Recorder(path) as recorder:
        recorder.use(1, new, Mode.WRITE, NONE)
        recorder.remove(1, new)
        recorder.use(1, new, Mode.WRITE, NONE)
    wanted = [records.PathName, records.File, records.Remove, records.File]
    assert kinds(path) == wanted


def test_an_existing_file_is_not_overwritten(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        Recorder(path)
    assert path.read_text() == "precious"
