"""A drawing in JSON (``docs/graph.md``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rpz.packer.config.model import Package
from rpz.provenance.graph.model import File, Process
from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.files import Content
    from rpz.provenance.graph.drawing import Arrow, Drawing, Node
    from rpz.tracer.rows import RunRow

VERSION = 1


def text(drawing: Drawing) -> Iterator[str]:
    """Yield a drawing in pieces; bytes that are no UTF-8 are lone surrogates, as everywhere."""
    yield f'{{"version": {VERSION}'
    yield from _list("runs", map(_run, drawing.runs))
    yield from _list("nodes", map(_node, drawing.nodes))
    yield from _list("edges", map(_edge, drawing.arrows))
    yield "}\n"


def _list(name: str, documents: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield f',\n"{name}": ['
    for number, document in enumerate(documents):
        yield f"{',' if number else ''}\n {json.dumps(document)}"
    yield "]"


def _run(run: RunRow) -> dict[str, Any]:
    argv = [_text(word) for word in items_of(run.argv)]
    return {"run": run.id, "name": run.label, "argv": argv, "folder": _text(run.workingdir)}


def _node(node: Node) -> dict[str, Any]:
    document: dict[str, Any] = {"id": node.key, "kind": node.kind.value, "name": _text(node.name)}
    match node.thing:
        case Process() as process:
            document |= _process(process)
        case File() as file:
            document |= _file(file)
        case Package() as package:
            document |= {**_package(package), "files": node.count}
        case None:
            document["files"] = node.count
        case run:
            document["run"] = run.id
    if node.frame is not None:
        document["package"] = _package(node.frame)
    return document


def _process(process: Process) -> dict[str, Any]:
    return {
        "process": process.number,
        "run": process.run,
        "program": _text(process.program),
        "commands": [[_text(word) for word in argv] for argv in process.commands],
        "thread": process.is_thread,
        "started": _seconds(process.started),
        "ended": None if process.ended is None else _seconds(process.ended),
        "status": process.status,
        "signal": process.signal,
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "role": file.role.value,
        "before": _content(file.before),
        "after": _content(file.after),
        "package": _package(file.package) if file.package is not None else None,
    }


def _content(content: Content | None) -> dict[str, Any] | None:
    return None if content is None else {"size": content.size, "sha256": content.sha256}


def _package(package: Package) -> dict[str, Any]:
    return {
        "package": package.name,
        "version": package.version,
        "manager": package.manager,
        "purl": package.purl,
    }


def _edge(arrow: Arrow) -> dict[str, Any]:
    return {
        "from": arrow.source,
        "to": arrow.target,
        "kind": arrow.kind.value,
        "count": arrow.times,
    }


def _seconds(nanoseconds: int) -> float:
    return round(nanoseconds / 1e9, 6)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
