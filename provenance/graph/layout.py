"""Where the nodes of a drawing go: in layers from left to right, as data flows.

The method of Sugiyama, Tagawa and Toda (1981): break cycles, put each node in the layer behind
those that it comes from, order the layers so that few arrows cross, then place. No library that is
kept up does it without a program or a compiled module of its own, and Graphviz takes minutes for a
few thousand nodes; ``rpz graph --dot`` is for who prefers its drawings.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Point = tuple[float, float]

GAP, SPACE = 14.0, 70.0
"""Pixels between nodes of a layer, and between layers."""
SWEEPS, LARGE = 8, 20_000
"""How often layers are put in order; a quarter as often where there are so many arrows."""
MOST_BENDS = 50_000
"""Points at which arrows may go around layers that they cross; beyond that they go straight."""


@dataclass(frozen=True)
class Layout:
    """The centres of nodes, the points that each arrow goes through, and the size of all."""

    places: Sequence[Point]
    routes: Sequence[Sequence[Point]]
    width: float
    height: float


def layout(sizes: Sequence[tuple[float, float]], arrows: Sequence[tuple[int, int]]) -> Layout:
    """Place nodes of some widths and heights, with arrows from one to another."""
    forward = _without_cycles(len(sizes), arrows)
    layer = _layers(len(sizes), forward)
    boxes, chains = list(sizes), _chains(layer, forward)
    boxes += [(0.0, 0.0)] * (len(layer) - len(sizes))
    links = sorted({pair for chain in chains for pair in pairwise(chain)})
    before, after = _neighbours(len(boxes), links)
    columns: list[list[int]] = [[] for _ in range(max(layer, default=0) + 1)]
    for node, number in enumerate(layer):
        columns[number].append(node)
    sweeps = SWEEPS if len(links) < LARGE else SWEEPS // 4
    _order(columns, before, after, sweeps)
    y = _heights(columns, boxes, before, after, sweeps)
    x, width = _columns(columns, boxes)
    places = [(x[layer[node]], y[node]) for node in range(len(boxes))]
    routes = [
        [places[node] for node in (chain if pair == arrow else reversed(chain))]
        for chain, pair, arrow in zip(chains, forward, arrows, strict=True)
    ]
    height = max((y[n] + boxes[n][1] / 2 for n in range(len(boxes))), default=0.0)
    return Layout(places[: len(sizes)], routes, width, height)


def _without_cycles(count: int, arrows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the arrows, with those turned that close a cycle."""
    _, after = _neighbours(count, arrows)
    left = [iter(targets) for targets in after]
    state = bytearray(count)  # 1: on the way from where the search began, 2: done
    turned: set[tuple[int, int]] = set()
    for start in range(count):
        way = [start] if not state[start] else []
        while way:
            node = way[-1]
            state[node] = 1
            other = next(left[node], None)
            if other is None:
                state[way.pop()] = 2
            elif state[other] == 1:
                turned.add((node, other))
            elif not state[other]:
                way.append(other)
    return [(b, a) if (a, b) in turned else (a, b) for a, b in arrows]


def _layers(count: int, arrows: Sequence[tuple[int, int]]) -> list[int]:
    """Return each node's layer: right behind the last that it comes from.

    What comes from nothing, such as an input, is right before the first that it goes to.
    """
    before, after = _neighbours(count, arrows)
    layer, missing = [0] * count, [len(sources) for sources in before]
    ready = [node for node in range(count) if not missing[node]]
    for node in ready:
        for other in after[node]:
            layer[other] = max(layer[other], layer[node] + 1)
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    for node in range(count):
        if not before[node] and after[node]:
            layer[node] = min(layer[other] for other in after[node]) - 1
    return layer


def _chains(layer: list[int], arrows: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the nodes that each arrow goes through; add to ``layer`` those that are bends."""
    bends = sum(max(layer[b] - layer[a] - 1, 0) for a, b in arrows)
    chains = []
    for a, b in arrows:
        between = range(layer[a] + 1, layer[b]) if bends <= MOST_BENDS else ()
        first = len(layer)
        layer += between
        chains.append([a, *range(first, len(layer)), b])
    return chains


def _neighbours(
    count: int, arrows: Sequence[tuple[int, int]]
) -> tuple[list[list[int]], list[list[int]]]:
    """Return what each node comes from, and what it goes to; not itself."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in arrows:
        if a != b:
            before[b].append(a)
            after[a].append(b)
    return before, after


def _order(
    columns: list[list[int]], before: list[list[int]], after: list[list[int]], sweeps: int
) -> None:
    """Sort each layer by the mean places of the neighbours in the one before, then behind."""
    place = [0.0] * len(before)
    for column in columns:
        for number, node in enumerate(column):
            place[node] = number / len(column)

    def key(neighbours: list[list[int]]) -> Callable[[int], float]:
        return lambda node: _mean(place, neighbours[node], place[node])

    for sweep in range(sweeps):
        neighbours = after if sweep % 2 else before
        for column in reversed(columns) if sweep % 2 else columns:
            column.sort(key=key(neighbours))
            for number, node in enumerate(column):
                place[node] = number / len(column)


def _heights(
    columns: list[list[int]],
    boxes: Sequence[tuple[float, float]],
    before: list[list[int]],
    after: list[list[int]],
    sweeps: int,
) -> list[float]:
    """Return where the middles of nodes are: near their neighbours, and none over another."""
    y = [0.0] * len(boxes)
    for sweep in range(sweeps):
        neighbours = after if sweep % 2 else before
        for column in reversed(columns) if sweep % 2 else columns:
            wanted = [_mean(y, neighbours[node], y[node]) for node in column]
            end, off = float("-inf"), 0.0
            for node, middle in zip(column, wanted, strict=True):
                half = boxes[node][1] / 2
                y[node] = max(middle, end + GAP + half)
                end = y[node] + half
                off += y[node] - middle
            for node in column:
                y[node] -= off / len(column)
    top = min((y[node] - boxes[node][1] / 2 for node in range(len(boxes))), default=0.0)
    return [middle - top for middle in y]


def _mean(values: Sequence[float], places: Sequence[int], otherwise: float) -> float:
    return sum(values[place] for place in places) / len(places) if places else otherwise


def _columns(
    columns: Sequence[Sequence[int]], boxes: Sequence[tuple[float, float]]
) -> tuple[list[float], float]:
    """Return where the middles of the layers are, and where the last one ends."""
    middles, end = [], 0.0
    for column in columns:
        width = max((boxes[node][0] for node in column), default=0.0)
        middles.append(end + width / 2)
        end += width + SPACE
    return middles, max(end - SPACE, 0.0)
