"""A drawing in SVG, which browsers show."""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from rich.cells import cell_len

from rpz.provenance.graph.captions import Caption, captions, printable
from rpz.provenance.graph.drawing import sparse
from rpz.provenance.graph.layout import layout
from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.graph.drawing import Drawing
    from rpz.provenance.graph.layout import Point

CHARACTER, LINE = 7.25, 26.0
"""Pixels: how wide a character of 12 pixels of a fixed width is, and how high a node."""
MARGIN, HEAD = 24.0, 34.0
LEGEND = ("process", "input", "output", "both", "temporary", "folder", "package")
NAMES = {"both": "input and output", "folder": "several files"}


def text(drawing: Drawing) -> Iterator[str]:
    """Yield the lines of a drawing."""
    shown = sparse(drawing)
    written = captions(shown.nodes)
    sizes = [(_width(caption.label), LINE) for caption in written]
    numbers = {node.key: number for number, node in enumerate(shown.nodes)}
    ends = [(numbers[arrow.source], numbers[arrow.target]) for arrow in shown.arrows]
    placed = layout(sizes, ends)
    yield from _head(drawing, placed.width, placed.height)
    for arrow, (start, end), route in zip(shown.arrows, ends, placed.routes, strict=True):
        path = _path(route, sizes[start][0] / 2, sizes[end][0] / 2)
        yield f'<path class="{arrow.kind.value}" d="{path}"/>\n'
    for caption, place, (width, _) in zip(written, placed.places, sizes, strict=True):
        yield _box(caption, place, width)
    yield "</g></svg>\n"


def _width(label: str) -> float:
    return cell_len(label) * CHARACTER + 20


def _head(drawing: Drawing, width: float, height: float) -> Iterator[str]:
    commands = ", ".join(printable(b" ".join(items_of(run.argv)))[:200] for run in drawing.runs[:5])
    legend = [NAMES.get(name, name) for name in LEGEND]
    width = max(width, sum(map(_width, legend)) + 8 * len(legend)) + 2 * MARGIN
    height += HEAD + 2 * MARGIN
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}"'
        f' height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
        f" aria-label={quoteattr(f'What was read, run and written: {commands}')}>\n"
    )
    style = files(__package__).joinpath("graph.css").read_text("utf-8")
    yield f"<title>{escape(commands)}</title>\n<style>\n{style}</style>\n<defs>\n"
    yield from (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
        f' orient="auto"><path class="head {kind}" d="M0 0L8 4L0 8z"/></marker>\n'
        for kind in ("reads", "writes", "executes", "starts")
    )
    yield "</defs>\n"
    x = MARGIN
    for style_name, name in zip(LEGEND, legend, strict=True):
        caption = Caption(name, name, style_name)
        yield _box(caption, (x + _width(name) / 2, HEAD - 8), _width(name))
        x += _width(name) + 8
    yield f'<g transform="translate({MARGIN:.0f} {HEAD + MARGIN:.0f})">\n'


def _box(caption: Caption, place: Point, width: float) -> str:
    x, y = place
    return (
        f'<g class="{caption.style}"><title>{escape(caption.title)}</title>'
        f'<rect x="{x - width / 2:.1f}" y="{y - LINE / 2:.1f}" width="{width:.1f}"'
        f' height="{LINE:.0f}" rx="{13 if caption.style in ("process", "run") else 3}"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}">{escape(caption.label)}</text></g>\n'
    )


def _path(route: Sequence[Point], start: float, end: float) -> str:
    """Return a curve through points, from the edge of one node to that of another."""
    points = [*route]
    ahead = 1 if points[-1][0] >= points[0][0] else -1
    points[0] = (points[0][0] + start * ahead, points[0][1])
    points[-1] = (points[-1][0] - end * ahead, points[-1][1])
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (x + to_x) / 2
        steps.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
    return "".join(steps)
