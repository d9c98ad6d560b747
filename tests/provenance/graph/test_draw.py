"""What is shown of a graph, level by level."""

from __future__ import annotations

import pytest
from rpaths import PosixPath

from rpz.packer.config.model import Package
from rpz.provenance.graph.draw import drawing_of
from rpz.provenance.graph.drawing import Kind, sparse
from rpz.provenance.graph.level import (
    Files,
    Level,
    LevelError,
    Packages,
    Processes,
    files_of,
    pattern_of,
    replacement_of,
)
from rpz.provenance.graph.model import Edge, File, Graph, Joint, Process, Role
from rpz.tracer.rows import RunRow

LIBC = Package("libc6", "2.36", (PosixPath(b"/usr/lib/libc.so"),), manager="dpkg")
DASH = Package("dash", "0.5", (PosixPath(b"/usr/bin/dash"),), manager="dpkg")
NUMPY = Package("numpy", "2", (PosixPath(b"/v/numpy.py"), PosixPath(b"/v/n.so")), manager="pip")
READ = {
    b"/usr/lib/libc.so": LIBC,
    b"/usr/bin/dash": DASH,
    b"/v/numpy.py": NUMPY,
    b"/v/n.so": NUMPY,
    b"/etc/passwd": None,
    b"/proc/self/maps": None,
    b"/home/me/in/a.csv": None,
    b"/home/me/in/b.csv": None,
}


def run(number):
    numbers = [0] * len(RunRow._fields)
    fields = {"id": number, "argv": b"sh\0", "name": None}
    return RunRow(*numbers)._replace(**fields)


def process(number, parent, *commands, **more):
    return Process(number, 0, parent, b"", commands, 0, 1, 0, None, **more)


@pytest.fixture
def graph():
    """A shell (1) reads all, and forks (2), which starts cat (3), which reads C's library."""
    processes = [
        process(1, None, (b"/bin/sh",)),
        process(2, 1),
        process(3, 2, (b"cat", b"a b")),
        process(4, 1, is_thread=True),
    ]
    files = [File(path, Role.INPUT, package) for path, package in READ.items()]
    files.append(File(b"/home/me/out", Role.OUTPUT))
    return Graph(
        [run(0)],
        {p.number: p for p in processes},
        {file.path: file for file in files},
        [
            Edge(Joint.STARTS, 1, 2),
            Edge(Joint.STARTS, 2, 3),
            Edge(Joint.STARTS, 1, 4),
            *(Edge(Joint.READS, 1, path) for path in READ),
            Edge(Joint.EXECUTES, 1, b"/usr/bin/dash"),
            Edge(Joint.READS, 3, b"/usr/lib/libc.so"),
            Edge(Joint.WRITES, 2, b"/home/me/out"),
        ],
    )


def shown(graph, *, io=(), **level):
    """Return the names of nodes that are no processes, and the arrows by names."""
    drawing = drawing_of(graph, Level(**level), io)
    names = {node.key: node.name.decode() for node in drawing.nodes}
    arrows = {(names[a.source], a.kind.value, names[a.target]): a.times for a in drawing.arrows}
    workers = (Kind.PROCESS, Kind.RUN)
    return {n.name.decode() for n in drawing.nodes if n.kind not in workers}, arrows


OWN = {"/home/me/in/a.csv", "/home/me/in/b.csv", "/home/me/out"}


def test_by_default_what_a_person_looks_for(graph):
    names, arrows = shown(graph)
    assert names == OWN | {"dash 0.5", "numpy 2"}
    assert arrows == {
        ("/bin/sh", "starts", "cat 'a b'"): 1,
        ("/bin/sh", "starts", "(a thread)"): 1,
        ("dash 0.5", "executes", "/bin/sh"): 1,
        ("numpy 2", "reads", "/bin/sh"): 2,
        ("/home/me/in/a.csv", "reads", "/bin/sh"): 1,
        ("/home/me/in/b.csv", "reads", "/bin/sh"): 1,
        ("/bin/sh", "writes", "/home/me/out"): 1,  # by a fork of it
    }


@pytest.mark.parametrize(
    ("level", "names"),
    [
        ({"packages": Packages.PACKAGE}, OWN | {"dash 0.5", "numpy 2", "libc6 2.36"}),
        ({"packages": Packages.DROP}, OWN),
        ({"packages": Packages.IGNORE}, OWN | {"/v/numpy.py", "/v/n.so"}),
        ({"packages": Packages.FILE, "files": Files.NO},
         {path.decode() for path, package in READ.items() if package}),
        ({"packages": Packages.DROP, "files": Files.ALL},
         OWN | {"/etc/passwd", "/proc/self/maps"}),
        ({"packages": Packages.DROP, "files": Files.IO, "io": {b"/etc/passwd"}}, {"/etc/passwd"}),
        ({"packages": Packages.DROP, "io": {b"/etc/passwd"}}, OWN | {"/etc/passwd"}),
        ({"packages": Packages.DROP, "files": Files.ALL, "depth": 1}, {"/etc", "/proc", "/home"}),
        ({"packages": Packages.DROP, "aggregates": (b"/home/me/in/",)},
         {"/home/me/in/", "/home/me/out"}),
        ({"packages": Packages.DROP, "excludes": (pattern_of(r"\.csv$"),)}, {"/home/me/out"}),
        ({"includes": (pattern_of("a.csv"), pattern_of("numpy"))},
         {"/home/me/in/a.csv", "numpy 2"}),
        ({"packages": Packages.DROP, "replaces": (replacement_of(r"[ab](\.csv)", r"x\1"),)},
         {"/home/me/in/x.csv", "/home/me/out"}),
    ],
)  # fmt: skip
def test_levels_of_files(graph, level, names):
    assert shown(graph, **level)[0] == names


def test_files_of_one_name_are_counted(graph):
    drawing = drawing_of(graph, Level(replaces=(replacement_of("a.csv", "b.csv"),)))
    (node,) = (node for node in drawing.nodes if node.name == b"/home/me/in/b.csv")
    assert (node.kind, node.count, node.thing) == (Kind.FOLDER, 2, None)


def test_forks(graph):
    _, arrows = shown(graph, forks=True)
    assert ("(a fork)", "writes", "/home/me/out") in arrows
    assert ("(a fork)", "starts", "cat 'a b'") in arrows


def test_runs(graph):
    drawing = drawing_of(graph, Level(processes=Processes.RUN, packages=Packages.PACKAGE))
    assert [n.name for n in drawing.nodes if n.kind in (Kind.PROCESS, Kind.RUN)] == [b"run0"]
    (libc,) = (node.key for node in drawing.nodes if node.name == b"libc6 2.36")
    assert [arrow.times for arrow in drawing.arrows if arrow.source == libc] == [2]
    assert all(arrow.kind is not Joint.STARTS for arrow in drawing.arrows)


def test_a_drawing_tells_once_what_a_whole_family_uses(graph):
    full = drawing_of(graph, Level(packages=Packages.PACKAGE))
    names = {node.key: node.name for node in full.nodes}
    left_out = set(full.arrows) - set(sparse(full).arrows)
    assert {(names[a.source], names[a.target]) for a in left_out} == {(b"libc6 2.36", b"cat 'a b'")}


@pytest.mark.parametrize("text", ["", "deep", "depth:", "depth:-1", "depth:x"])
def test_no_level(text):
    with pytest.raises(LevelError, match="depth:3"):
        files_of(text)


@pytest.mark.parametrize("words", [("(", "x"), ("x", "\\2"), ("x", "\\")])
def test_no_regular_expression(words):
    with pytest.raises(LevelError):
        replacement_of(*words)
