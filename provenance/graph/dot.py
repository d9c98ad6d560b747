"""A drawing in DOT, the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.provenance.graph.captions import captions, printable
from rpz.provenance.graph.drawing import sparse
from rpz.provenance.graph.model import Joint, Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.graph.captions import Caption
    from rpz.provenance.graph.drawing import Drawing, Node

STYLES = {
    "run": 'shape=box, style="rounded,filled,bold", fillcolor="#dbe7fb"',
    "process": 'shape=box, style="rounded,filled", fillcolor="#dbe7fb"',
    "input": 'shape=note, style=filled, fillcolor="#dcf1df"',
    "output": 'shape=note, style=filled, fillcolor="#fde5c8"',
    "both": 'shape=note, style=filled, fillcolor="#f6f0bd"',
    "temporary": 'shape=note, style="filled,dashed", fillcolor="#eeeeee"',
    "folder": 'shape=folder, style=filled, fillcolor="#eeeeee"',
    "package": 'shape=component, style=filled, fillcolor="#eadff5"',
}
ARROWS = {
    Joint.READS: "",
    Joint.WRITES: ' [color="#b35900"]',
    Joint.EXECUTES: " [style=dotted]",
    Joint.STARTS: ' [color="#3465a4", style=bold]',
}


def text(drawing: Drawing) -> Iterator[str]:
    """Yield the lines of a drawing."""
    shown = sparse(drawing)
    yield "digraph rpz {\n  rankdir=LR;\n  node [fontname=monospace, fontsize=10];\n"
    frames: dict[str, list[tuple[Node, Caption]]] = defaultdict(list)
    for node, caption in zip(shown.nodes, captions(shown.nodes), strict=True):
        frames[_frame(drawing, node)].append((node, caption))
    for number, (frame, nodes) in enumerate(frames.items()):
        if frame:
            yield f"  subgraph cluster_{number} {{\n  label={quoted(frame)};\n"
        for node, caption in nodes:
            said = f"label={quoted(caption.label)}, tooltip={quoted(_title(caption.title))}"
            yield f"  {node.key} [{said}, {STYLES[caption.style]}];\n"
        if frame:
            yield "  }\n"
    for arrow in shown.arrows:
        yield f"  {arrow.source} -> {arrow.target}{ARROWS[arrow.kind]};\n"
    yield "}\n"


def quoted(text: str) -> str:
    r"""Return text as a string in which Graphviz finds neither ``\N`` nor ``&lt;``."""
    for character, escaped in (("&", "&amp;"), ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(character, escaped)
    return f'"{text}"'


def _title(text: str) -> str:
    """Return text for a tooltip, where Graphviz takes two backslashes for two, or for none."""
    return text.replace("\\", "\N{REVERSE SOLIDUS OPERATOR}")


def _frame(drawing: Drawing, node: Node) -> str:
    """Return what is around a node: its package, or its run if there are several."""
    if node.frame is not None:
        return printable(f"{node.frame.name} {node.frame.version}")
    if isinstance(node.thing, Process) and len(drawing.runs) > 1:
        return printable(next(r.label for r in drawing.runs if r.id == node.thing.run))
    return ""
