from __future__ import annotations

import errno
import itertools
import os
import shutil
import sqlite3
from unittest.mock import Mock

import pytest

from rpz.errors import RpzError
from rpz.tracer.combine import combine
from rpz.tracer.conflicts import conflicts
from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import TraceFolder
from rpz.tracer.loader import EVENTS
from rpz.tracer.rows import (
    TABLES,
    DigestRow,
    ExecutionRow,
    FileRow,
    ProcessRow,
    RunRow,
    WarningRow,
)
from tests.packer.traces import Trace


def traced(folder, *names, files=("/in",), name=None):
    """A trace with one run of each name, each with a process and its child."""
    trace = Trace(folder)
    for argv in names:
        trace.start(argv, name=name)
        for file in files:
            trace.read(file)
        (folder / "records").mkdir(parents=True, exist_ok=True)
        (folder / "records" / f"{trace.run}.records").write_text(argv)
    renumber_processes(trace)
    trace.save(folder)
    return TraceFolder(folder)


def renumber_processes(trace):
    """Give each run two processes, numbered from 1 as the loader does."""
    rows = []
    for row in trace.rows:
        if isinstance(row, ProcessRow):
            first = 1 + 2 * row.run_id
            rows += [row._replace(id=first), row._replace(id=first + 1, parent=first)]
        else:
            rows.append(row)
    trace.rows = rows


def rows(folder, kind):
    with TraceDatabase.open(folder.database) as database:
        return list(database.rows(kind))


@pytest.fixture
def two(tmp_path):
    return traced(tmp_path / "a", "one", "two"), traced(tmp_path / "b", "three", files=["/x", "/y"])


def test_runs_follow_each_other_in_the_order_given(tmp_path, two):
    a, b = two
    for order, argv in (((a, b), "one two three"), ((b, a), "three one two")):
        target = TraceFolder(tmp_path / f"c-{argv[0]}")
        assert combine(order, target, append=False).runs == (0, 1, 2)
        runs = rows(target, RunRow)
        assert [run.id for run in runs] == [0, 1, 2]
        assert b"".join(run.argv for run in runs).decode() == argv.replace(" ", "\0") + "\0"
        assert [(target.records / f"{n}.records").read_text() for n in range(3)] == argv.split()


def test_every_event_keeps_its_run_its_process_and_its_place(tmp_path, two):
    a, b = two
    target = TraceFolder(tmp_path / "c")
    combine([b, a], target, append=False)
    processes = rows(target, ProcessRow)
    assert [(p.id, p.run_id, p.parent) for p in processes] == [
        (1, 0, None), (2, 0, 1), (3, 1, None), (4, 1, 3), (5, 2, None), (6, 2, 5),
    ]  # fmt: skip
    assert [(f.run_id, f.name) for f in rows(target, FileRow)] == [
        (0, b"/x"), (0, b"/y"), (1, b"/in"), (2, b"/in"),
    ]  # fmt: skip
    ids = sorted((row.id, row.run_id) for kind in EVENTS for row in rows(target, kind))
    numbers = [number for number, _ in ids]
    assert len(set(numbers)) == len(numbers)
    assert [run for _, run in ids] == sorted(run for _, run in ids)


def test_every_table_is_taken(tmp_path):
    """With one row in each: no table, and no column of it, is forgotten."""
    source = traced(tmp_path / "a", "one")
    trace = Trace(source.path).start("one")
    for number, kind in enumerate(k for k in TABLES if k not in (RunRow, ProcessRow)):
        trace._add(kind, id=100 + number)
    trace.save(source.path)
    target = TraceFolder(tmp_path / "c")
    combine([source], target, append=False)
    for kind in TABLES:
        assert len(rows(target, kind)) == len(rows(source, kind)), kind
    odd = {n for kind in TABLES for n in kind._fields if n.endswith(("process", "run"))}
    assert odd == {"process"}, "a number that combine doesn't renumber"


def test_a_trace_is_added_to(two):
    a, b = two
    (a.path / "config.yml").write_text("edited")
    assert combine([b], a, append=True).runs == (2,)
    assert [run.argv for run in rows(a, RunRow)] == [b"one\0", b"two\0", b"three\0"]
    assert (a.path / "config.yml.old").read_text() == "edited"


def test_a_trace_is_not_replaced(two):
    a, b = two
    with pytest.raises(RpzError, match="--continue"):
        combine([b], a, append=False)
    assert len(rows(a, RunRow)) == 2


def test_names_stay_apart(tmp_path):
    a, b = (traced(tmp_path / name, "fit", name="fit") for name in "ab")
    c = traced(tmp_path / "c", "plain")
    target = TraceFolder(tmp_path / "t")
    assert combine([c, a, b], target, append=False).renamed == (("fit", "fit-2"),)
    assert [run.label for run in rows(target, RunRow)] == ["run0", "fit", "fit-2"]


@pytest.mark.parametrize("linked", [True, False], ids=["one disk", "two disks"])
def test_snapshots_and_output_go_along(tmp_path, two, monkeypatch, linked):
    a, b = two
    if not linked:
        monkeypatch.setattr(os, "link", Mock(side_effect=OSError(errno.EXDEV, "another disk")))
    for folder in two:
        folder.snapshots(0).mkdir(parents=True)
        (folder.snapshots(0) / "1").write_text(folder.path.name)
        (folder.path / "output").mkdir()
        folder.output(0, "stdout").write_text(folder.path.name)
    target = TraceFolder(tmp_path / "c")
    combine([a, b], target, append=False)
    assert [(target.snapshots(n) / "1").read_text() for n in (0, 2)] == ["a", "b"]
    assert [target.output(n, "stdout").read_text() for n in (0, 2)] == ["a", "b"]
    shutil.rmtree(a.path)
    assert (target.snapshots(0) / "1").read_text() == "a"


def test_on_an_error_the_target_is_as_it_was(tmp_path, two, monkeypatch):
    a, b = two
    b.snapshots(0).mkdir(parents=True)
    (b.snapshots(0) / "1").write_text("b")
    monkeypatch.setattr("rpz.tracer.combine.add_warnings", lambda *_: 1 / 0)
    before = {p: p.stat().st_size for p in a.path.rglob("*")}
    with pytest.raises(ZeroDivisionError):
        combine([b], a, append=True)
    assert {p: p.stat().st_size for p in a.path.rglob("*")} == before
    with pytest.raises(ZeroDivisionError):
        combine([b], TraceFolder(tmp_path / "new"), append=False)
    assert not (tmp_path / "new").exists()


def refusal(sources, target):
    with pytest.raises(RpzError) as caught:
        combine(sources, target, append=False)
    return str(caught.value)


def test_what_is_no_finished_trace_is_refused(tmp_path, two):
    a, b = two
    target = TraceFolder(tmp_path / "c")
    (tmp_path / "none").mkdir()
    assert "There is no trace" in refusal([a, TraceFolder(tmp_path / "none")], target)
    assert "twice" in refusal([a, TraceFolder(tmp_path / "b" / ".." / "a")], target)
    assert "twice" in refusal([a], a)
    (b.records / "1.unfinished").touch()
    assert "rpz recover" in refusal([a, b], target)
    empty = TraceFolder(Trace(tmp_path / "empty").save().parent)
    assert "has no runs" in refusal([empty], target)
    assert not target.path.exists()


@pytest.mark.parametrize(("version", "said"), [(0, "not made by rpz"), (99, "Upgrade rpz")])
def test_a_trace_of_another_program_or_version_is_refused(tmp_path, two, version, said):
    connection = sqlite3.connect(two[1].database)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    assert said in refusal(two, TraceFolder(tmp_path / "c"))


def test_a_trace_from_before_runs_had_names_is_read_and_added_to(two):
    a, b = two
    for folder in two:
        connection = sqlite3.connect(folder.database)
        connection.execute("ALTER TABLE runs DROP COLUMN name")
        connection.close()
    combine([b], a, append=True)
    assert [run.label for run in rows(a, RunRow)] == ["run0", "run1", "run2"]


def times(folder):
    """The times of each run, in the order of the runs."""
    found = {}
    for kind in (ProcessRow, FileRow, ExecutionRow):
        for row in rows(folder, kind):
            found.setdefault(row.run_id, []).append(row.timestamp)
    for row in rows(folder, RunRow):
        found[row.id].append(row.timestamp)
    return [sorted(found[run]) for run in sorted(found)]


def test_times_are_in_the_order_of_the_runs_whatever_the_clock_was(tmp_path):
    """ReproZip's graph goes by them, and gives files to the wrong run otherwise."""
    early, late = traced(tmp_path / "a", "one"), traced(tmp_path / "b", "two")
    connection = sqlite3.connect(late.database)
    for table in ("runs", "processes", "opened_files", "executed_files"):
        connection.execute(f"UPDATE {table} SET timestamp = timestamp + 1000")
    connection.commit()
    connection.close()
    for number, order in enumerate(((early, late), (late, early), (early, late))):
        target = TraceFolder(tmp_path / f"c{number}")
        combine(order, target, append=False)
        first, second = times(target)
        assert first[-1] < second[0]
        spans = [run[-1] - run[0] for run in (first, second)]
        assert spans == [t[0][-1] - t[0][0] for t in map(times, order)]
    assert times(target) == times(early) + times(late), "what is in order stays as it is"


class Digests:
    """A trace that has digests only: ``read`` and ``made`` with a content, at a time."""

    def __init__(self, folder):
        self._trace = Trace(folder)
        self._number = itertools.count()

    def run(self, *, read=(), made=()):
        self._trace.start("x")
        for role, pairs in (("input", read), ("output", made)):
            for name, content, *time in pairs:
                self._trace._add(
                    DigestRow, id=next(self._number), name=name, role=role, sha256=content,
                    modified=time[0] if time else 0,
                )  # fmt: skip
        return self

    def found(self):
        with self._trace.open() as database:
            return [(c.kind.name, c.first, c.second, c.name) for c in conflicts(database)]


def test_a_chain_of_runs_has_no_conflict(tmp_path):
    digests = Digests(tmp_path).run(read=[(b"/in", "1")], made=[(b"/mid", "2")])
    digests.run(read=[(b"/in", "1"), (b"/mid", "2")], made=[(b"/out", "3"), (b"/mid", "4")])
    assert digests.run(read=[(b"/mid", "4")]).found() == []


def test_a_file_that_was_edited_between_two_runs_is_found(tmp_path):
    digests = Digests(tmp_path).run(read=[(b"/in", "1")], made=[(b"/out", "2")])
    digests.run(read=[(b"/in", "1x"), (b"/out", "2x")])
    assert digests.found() == [("CHANGED", 0, 1, b"/in"), ("REMADE", 0, 1, b"/out")]


def test_a_wrong_order_is_found(tmp_path):
    digests = Digests(tmp_path).run(read=[(b"/mid", "2", 7)]).run(made=[(b"/mid", "2", 7)])
    assert digests.found() == [("ORDER", 0, 1, b"/mid")]


def test_writing_again_what_was_there_is_no_wrong_order(tmp_path):
    digests = Digests(tmp_path).run(read=[(b"/mid", "2", 7)]).run(made=[(b"/mid", "2", 8)])
    assert digests.found() == []


def test_a_conflict_is_a_warning_of_the_trace(tmp_path):
    sources = []
    for place, content in (("a", "1"), ("b", "2")):
        trace = Trace(tmp_path / place).start("x", name=place)
        for number, name in enumerate([b"/%d" % n for n in range(7)] + [b"/\xff"]):
            trace._add(DigestRow, id=number, name=name, role="input", sha256=content)
        sources.append(TraceFolder(trace.save(tmp_path / place).parent))
    target = TraceFolder(tmp_path / "c")
    combined = combine(sources, target, append=False)
    (text,) = combined.warnings
    assert text.startswith("Changed between a and b, ")
    assert text.endswith("/0, /1, /2, /3, /4 and 3 more")
    (row,) = rows(target, WarningRow)
    assert (os.fsencode(text), row.run_id) == (row.text, 1)


def test_runs_that_can_not_be_compared_are_named(tmp_path, two):
    """Files of another machine can't be packed here; what has no digests may have changed."""
    a, b = two
    connection = sqlite3.connect(b.database)
    connection.execute("UPDATE runs SET hostname = CAST(x'ff' AS TEXT)")
    connection.commit()
    connection.close()
    hosts, digests = combine([a, b], TraceFolder(tmp_path / "c"), append=False).warnings
    assert hosts.startswith("run1 was traced on host, run2 on \\xff: ")
    assert digests.startswith("There are no digests of run0, run1, run2: ")
    assert combine([b], TraceFolder(tmp_path / "d"), append=False).warnings == ()
