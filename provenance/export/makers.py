"""Which program has written which file, in words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rpz.provenance.graph.model import Joint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpz.provenance.graph.model import Graph, Process


def makers_of(graph: Graph) -> Mapping[bytes, str]:
    """Return the command of the last process that wrote each file; "" where none is known."""
    last: dict[bytes, Process] = {}
    for edge in graph.edges:
        if edge.kind is Joint.WRITES and isinstance(edge.target, bytes):
            process = graph.processes[edge.process]
            known = last.get(edge.target)
            if known is None or process.started >= known.started:
                last[edge.target] = process
    return {path: _command(graph, process) for path, process in last.items()}


def _command(graph: Graph, process: Process) -> str:
    """Return the command of a process; a fork goes on with that of its parent."""
    while not process.argv and process.parent is not None:
        process = graph.processes[process.parent]
    return shlex.join(word.decode("utf-8", "surrogateescape") for word in process.argv)
