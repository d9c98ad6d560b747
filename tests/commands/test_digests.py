"""The SHA-256 of what a run read and wrote."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.database import TraceDatabase
from rpz.tracer.digests import add_digests
from rpz.tracer.records import Mode
from rpz.tracer.rows import DigestRow, FileRow, RenameRow, SnapshotRow

if TYPE_CHECKING:
    from tests.conftest import Rpz

pytestmark = pytest.mark.usefixtures("native_tracer")

ODD = b"odd \xff\nname"


def digests(folder: Path, below: Path) -> dict[tuple[bytes, str], tuple[int, str]]:
    with TraceDatabase.open(folder / "trace.sqlite3") as database:
        return {
            (row.name[len(os.fsencode(below)) + 1 :], row.role): (row.size, row.sha256)
            for row in database.rows(DigestRow)
            if row.name.startswith(os.fsencode(below) + b"/")
        }


def expected(content: bytes) -> tuple[int, str]:
    return len(content), hashlib.sha256(content).hexdigest()


def test_of_inputs_and_outputs(rpz: Rpz) -> None:
    (rpz.folder / os.fsdecode(ODD)).write_bytes(b"in")
    (rpz.folder / "big").write_bytes(bytes(3_000_000))
    (rpz.folder / "looked-at").write_text("x")
    os.mkfifo(rpz.folder / "fifo")
    script = (
        "cat odd* big >out; cat out >copy; echo x >gone; rm gone; echo y >old; mv old new;"
        "test -f looked-at; mkdir made; echo z >made/file; cat made/file >/dev/null;"
        "echo a >fifo & cat fifo; ln -s out link; exit 3"
    )
    assert rpz("trace", "sh", "-c", script).returncode == 3
    both = b"in" + bytes(3_000_000)
    assert digests(rpz.folder / ".rpz-trace", rpz.folder) == {
        (ODD, "input"): expected(b"in"),
        (b"big", "input"): expected(bytes(3_000_000)),
        (b"out", "output"): expected(both),
        (b"copy", "output"): expected(both),
        (b"new", "output"): expected(b"y\n"),
        (b"made/file", "output"): expected(b"z\n"),
    }


def test_each_run_has_its_own(rpz: Rpz) -> None:
    for number in range(2):
        options = ["--continue"] if number else []
        assert rpz("trace", *options, "sh", "-c", f"echo {number} >out").returncode == 0
    with TraceDatabase.open(rpz.folder / ".rpz-trace" / "trace.sqlite3") as database:
        rows = list(database.rows(DigestRow))
    outputs = [(row.run_id, row.sha256) for row in rows if row.role == "output"]
    assert outputs == [(n, expected(b"%d\n" % n)[1]) for n in range(2)]
    assert [row.id for row in rows] == list(range(len(rows)))


def test_can_be_left_out(rpz: Rpz) -> None:
    assert rpz("trace", "--no-hash", "sh", "-c", "echo >out").returncode == 0
    assert digests(rpz.folder / ".rpz-trace", rpz.folder) == {}


def use(number: int, name: bytes, mode: int, *, existed: bool = True) -> FileRow:
    return FileRow(number, 0, name, 0, mode, False, 1, existed, False)


def test_of_what_the_run_changed_is_the_snapshots(tmp_path: Path) -> None:
    here = os.fsencode(tmp_path)
    names = {name: here + b"/" + name for name in (b"changed", b"unkept", b"moved", b"from")}
    for name in names.values():
        Path(os.fsdecode(name)).write_bytes(b"after")
    (tmp_path / "7").write_bytes(b"before")
    with TraceDatabase.create(tmp_path / "trace.sqlite3") as database:
        database.add(
            [
                use(2, names[b"changed"], Mode.READ | Mode.WRITE),
                use(3, names[b"unkept"], Mode.READ),
                use(4, names[b"unkept"], Mode.WRITE),
                use(5, names[b"moved"], Mode.WRITE),
                use(7, names[b"moved"], Mode.READ),
            ]
        )
        database.add([RenameRow(6, 0, 0, 1, "rename", names[b"from"], names[b"moved"])])
        database.add(
            [SnapshotRow(1, 0, names[b"changed"], 0, 1, "content", 7, 0, 1, 0, 0, 0, 0, 6, 5, 4)]
        )
        add_digests(database, 0, tmp_path)
        database.commit()
    assert digests(tmp_path, tmp_path) == {
        (b"changed", "input"): expected(b"before"),
        (b"changed", "output"): expected(b"after"),
        (b"unkept", "output"): expected(b"after"),
        (b"from", "input"): expected(b"after"),
        (b"moved", "output"): expected(b"after"),
    }


def test_of_what_the_run_moved_are_the_bytes_where_they_are(rpz: Rpz) -> None:
    for name in ("read", "unread", "below/inner/file", "one", "other", "again", "twice", "lost"):
        (rpz.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (rpz.folder / name).write_text(name)
    script = (
        "import ctypes, os\n"
        "for name in ('read', 'below/inner/file', 'one', 'again', 'twice', 'lost'):\n"
        "    open(name).read()\n"
        "os.rename('read', 'was-read')\n"
        "os.rename('unread', 'moved'); open('moved').read()\n"
        "os.rename('below', 'above'); os.rename('above/inner', 'up')\n"
        "assert ctypes.CDLL(None).renameat2(-100, b'one', -100, b'other', 2) == 0\n"
        "os.rename('again', 'step'); open('again', 'w').write('new'); open('again').read()\n"
        "os.rename('step', 'deep'); os.link('twice', 'name'); os.rename('twice', 'again')\n"
        "os.rename('lost', 'step'); os.unlink('step')\n"
    )
    assert rpz("trace", sys.executable, "-c", script).returncode == 0
    found = digests(rpz.folder / ".rpz-trace", rpz.folder)
    assert {name: said for (name, role), said in found.items() if role == "input"} == {
        name: expected(name)
        for name in (b"read", b"unread", b"below/inner/file", b"one", b"again", b"twice", b"lost")
    }
    assert {name: said for (name, role), said in found.items() if role == "output"} == {
        b"was-read": expected(b"read"),
        b"moved": expected(b"unread"),
        b"one": expected(b"other"),
        b"other": expected(b"one"),
        b"deep": expected(b"again"),
        b"again": expected(b"twice"),
        b"name": expected(b"twice"),
    }


def test_of_what_was_written_in_a_folder_that_the_run_moved(rpz: Rpz) -> None:
    assert rpz("trace", "sh", "-c", "mkdir new; echo a >new/file; mv new result").returncode == 0
    found = digests(rpz.folder / ".rpz-trace", rpz.folder)
    assert found == {(b"result/file", "output"): expected(b"a\n")}


def test_an_interrupt_adds_none(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(100))

    def progress(_total: int):
        return lambda _count: signal.raise_signal(signal.SIGINT)

    with TraceDatabase.create(tmp_path / "trace.sqlite3") as database:
        database.add([use(1, os.fsencode(tmp_path / "in"), Mode.READ)])
        with pytest.raises(KeyboardInterrupt):
            add_digests(database, 0, tmp_path, progress)
        assert list(database.rows(DigestRow)) == []
    assert not [t for t in threading.enumerate() if t.name.startswith("digest")]
