"""From what runs did to what is shown of it."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.provenance.diff.side import CACHES, VOLATILE
from rpz.provenance.graph.drawing import Arrow, Drawing, Kind, Node
from rpz.provenance.graph.level import Files, Packages, Processes
from rpz.provenance.graph.model import Joint
from rpz.provenance.page import is_of_the_machine

if TYPE_CHECKING:
    from collections.abc import Collection

    from rpz.packer.config.model import Package
    from rpz.provenance.graph.level import Level
    from rpz.provenance.graph.model import Edge, File, Graph, Process

SYSTEM = ("dpkg", "rpm", "apk", "pacman")
"""What installs the system; others install what a person wants to have."""
FORK = b"(a fork)"


def drawing_of(
    graph: Graph, level: Level, inputs_outputs: Collection[bytes] = frozenset()
) -> Drawing:
    """Return what is shown of a graph; ``inputs_outputs`` are the files that config.yml names."""
    return _Draughtsman(graph, level, inputs_outputs).drawing()


class _Draughtsman:
    def __init__(self, graph: Graph, level: Level, inputs_outputs: Collection[bytes]) -> None:
        self._graph, self._level, self._inputs_outputs = graph, level, inputs_outputs
        self._nodes: dict[tuple[Kind, object], Node] = {}
        self._executed = {e[1:] for e in graph.edges if e.kind is Joint.EXECUTES}
        programs = [graph.files[path] for _, path in self._executed if isinstance(path, bytes)]
        self._programs = {file.package.name for file in programs if file.package is not None}
        self._counts: Counter[str] = Counter()
        self._files: dict[bytes, str] = {}
        self._processes: dict[int, str] = {}

    def drawing(self) -> Drawing:
        for process in self._graph.processes.values():
            self._processes[process.number] = self._process(process)
        for path in sorted(self._graph.files):
            if (key := self._file(self._graph.files[path])) is not None:
                self._files[path] = key
                self._counts[key] += 1
        nodes = [self._counted(node) for node in self._nodes.values()]
        return Drawing(self._graph.runs, nodes, self._arrows())

    def _counted(self, node: Node) -> Node:
        count = self._counts.get(node.key, 1)
        if count == 1:
            return node
        if node.kind is Kind.FILE:
            return replace(node, kind=Kind.FOLDER, thing=None, count=count)
        return replace(node, count=count)

    def _process(self, process: Process) -> str:
        if self._level.processes is Processes.RUN:
            run = next(run for run in self._graph.runs if run.id == process.run)
            return self._node(Kind.RUN, run.id, Node("", Kind.RUN, run.label.encode(), run))
        hidden = not process.commands and not process.is_thread and not self._level.forks
        if hidden and process.parent is not None:
            return self._processes[process.parent]
        name = shlex.join(w.decode("utf-8", "surrogateescape") for w in process.argv)
        words = name.encode("utf-8", "surrogateescape")
        node = Node("", Kind.PROCESS, words or _unnamed(process), process)
        return self._node(Kind.PROCESS, process.number, node)

    def _file(self, file: File) -> str | None:
        name = self._level.name(file.path)
        if name is None:
            return None
        package = None if self._level.packages is Packages.IGNORE else file.package
        if package is None:
            return self._other(file, name)
        if self._level.packages is Packages.DROP or self._is_library(package):
            return None
        if self._level.packages is Packages.FILE:
            return self._named(file, name, package)
        label = f"{package.name} {package.version}".encode("utf-8", "surrogateescape")
        return self._node(Kind.PACKAGE, label, Node("", Kind.PACKAGE, label, package))

    def _is_library(self, package: Package) -> bool:
        """Whether only the libraries of a package of the system are used, if those don't count."""
        own = package.manager not in SYSTEM or package.name in self._programs
        return self._level.packages is Packages.OWN and not own

    def _other(self, file: File, name: bytes) -> str | None:
        if self._level.files is Files.NO:
            return None
        if self._level.files is Files.IO and file.path not in self._inputs_outputs:
            return None
        if self._level.files is Files.OWN and not self._is_own(file.path):
            return None
        return self._named(file, self._level.folder(name))

    def _is_own(self, path: bytes) -> bool:
        return path in self._inputs_outputs or is_own(path)

    def _named(self, file: File, name: bytes, frame: Package | None = None) -> str:
        alone = name == file.path
        kind = Kind.FILE if alone else Kind.FOLDER
        return self._node(Kind.FILE, name, Node("", kind, name, file if alone else None, frame))

    def _node(self, kind: Kind, about: object, node: Node) -> str:
        """Return the key of the node that stands for something: the given one, if none did yet."""
        if (kind, about) not in self._nodes:
            self._nodes[kind, about] = replace(node, key=f"n{len(self._nodes) + 1}")
        return self._nodes[kind, about].key

    def _arrows(self) -> list[Arrow]:
        counts: dict[tuple[str, str, Joint], int] = {}
        for edge in self._graph.edges:
            if edge.kind is Joint.READS and edge[1:] in self._executed:
                continue
            for ends in self._ends(edge):
                counts[ends] = counts.get(ends, 0) + 1
        return [Arrow(*ends, count) for ends, count in counts.items()]

    def _ends(self, edge: Edge) -> list[tuple[str, str, Joint]]:
        process = self._processes[edge.process]
        if isinstance(edge.target, int):
            other = self._processes[edge.target]
            return [(process, other, edge.kind)] if other != process else []
        file = self._files.get(edge.target)
        if file is None:
            return []
        ends = (process, file) if edge.kind is Joint.WRITES else (file, process)
        return [(*ends, edge.kind)]


def is_own(path: bytes) -> bool:
    """Whether a file of no package is what a person would look for in a graph."""
    return not (
        path.startswith(VOLATILE) or is_of_the_machine(path) or CACHES.search(path) is not None
    )


def _unnamed(process: Process) -> bytes:
    return b"(a thread)" if process.is_thread else FORK
