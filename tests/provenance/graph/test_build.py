"""The graph of real runs, as data."""

from __future__ import annotations

import pytest

from rpz.provenance.graph.build import graph_of
from rpz.provenance.graph.draw import drawing_of
from rpz.provenance.graph.level import Level
from rpz.provenance.graph.model import Edge, Joint, Role
from rpz.provenance.source import opened
from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import ExecutionRow, FileRow, ProcessRow, RunRow
from tests.conftest import rpz_in

FIRST = (
    "cat in.txt; cat in.txt > old.txt; mv old.txt new.txt; "
    "(cat new.txt; :) > scratch; rm scratch; cat log.txt; echo >> log.txt"
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Two runs: the second reads what the first wrote."""
    rpz = rpz_in(tmp_path_factory.mktemp("graph"))
    for name in ("in.txt", "log.txt"):
        (rpz.folder / name).write_text(name)
    assert rpz("trace", "sh", "-c", FIRST).returncode == 0
    assert rpz("trace", "--continue", "sh", "-c", "cat new.txt; kill -9 $$").returncode == 137
    with opened(str(rpz.folder / ".rpz-trace")) as source:
        return graph_of(source.database, source.runs, source.config.packages)


@pytest.fixture(scope="module")
def own(graph):
    """The files of the test's folder by name."""
    folder = graph.runs[0].workingdir + b"/"
    return {short(f.path): f for f in graph.files.values() if f.path.startswith(folder)}


def short(path: bytes) -> str:
    return path.rpartition(b"/")[2].decode()


def test_roles(own):
    assert {name: file.role for name, file in own.items()} == {
        "in.txt": Role.INPUT,
        "log.txt": Role.BOTH,
        "new.txt": Role.OUTPUT,  # that the second run reads it doesn't make it an input
        "old.txt": Role.TEMPORARY,
        "scratch": Role.TEMPORARY,
    }
    log = own["log.txt"]
    assert (log.before.size, log.after.size, log.content) == (7, 8, log.after)


def commands(graph, kind, name):
    return {
        b" ".join(graph.processes[edge.process].argv).decode()
        for edge in graph.edges
        if edge.kind is kind and isinstance(edge.target, bytes) and short(edge.target) == name
    }


def test_edges(graph):
    assert commands(graph, Joint.READS, "new.txt") == {"cat new.txt"}
    assert commands(graph, Joint.READS, "old.txt") == {"mv old.txt new.txt"}
    assert commands(graph, Joint.WRITES, "new.txt") == {"mv old.txt new.txt"}
    assert commands(graph, Joint.EXECUTES, "mv") == {"mv old.txt new.txt"}


def test_processes(graph):
    roots = [process for process in graph.processes.values() if process.parent is None]
    assert [(p.run, p.status, p.signal) for p in roots] == [(0, 0, None), (1, None, 9)]
    started = {(e.process, e.target) for e in graph.edges if e.kind is Joint.STARTS}
    assert started == {(p.parent, p.number) for p in graph.processes.values()} - {
        (None, root.number) for root in roots
    }
    (fork,) = (process for process in graph.processes.values() if not process.commands)
    assert (fork.program, fork.argv) == (b"", ())
    assert all(0 <= p.started <= p.ended for p in graph.processes.values())


def test_packages(graph):
    (program,) = (e.target for e in graph.edges if e.kind is Joint.EXECUTES and e.process == 1)
    assert graph.files[program].package is not None


def test_what_unknown_processes_did_is_left_out(tmp_path):
    """A trace may be anybody's: that of a hostile pack, or of a run that was cut short."""
    with TraceDatabase.create(tmp_path / "trace.sqlite3") as database:
        database.add([ProcessRow(1, 0, 1, 0, False, 0, 0, 1, None, None, None)])
        database.add([ProcessRow(2, 0, 9, 0, False, 0, 0, 1, None, None, None)])
        database.add([FileRow(1, 0, b"/a", 0, 1, False, 1, True, False)])
        database.add([FileRow(2, 0, b"/b", 0, 2, False, 8, False, False)])
        database.add([ExecutionRow(3, b"/a", 0, 0, 7, b"a\0", b"", b"/")])
        fields = dict.fromkeys(RunRow._fields, 0)
        run = RunRow(**{**fields, "argv": b"a\0", "workingdir": b"/", "name": None})
        graph = graph_of(database, [run])
    assert [(p.number, p.parent) for p in graph.processes.values()] == [(1, None), (2, None)]
    assert graph.edges == [Edge(Joint.READS, 1, b"/a")]
    assert {node.name for node in drawing_of(graph, Level()).nodes} == {b"/a", b"/b", b"(a fork)"}
