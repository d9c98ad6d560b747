"""Where nodes are placed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.provenance.graph.layout import GAP, layout


def graphs():
    """Nodes by width and height, and arrows between them, cycles and repetitions included."""
    sizes = st.lists(st.tuples(st.floats(1, 300), st.floats(1, 50)), min_size=1, max_size=25)
    return sizes.flatmap(
        lambda boxes: st.tuples(
            st.just(boxes),
            st.lists(st.tuples(*[st.integers(0, len(boxes) - 1)] * 2), max_size=60),
        )
    )


@given(graphs())
@settings(deadline=None)
def test_nothing_overlaps_and_arrows_meet_their_ends(graph):
    boxes, arrows = graph
    placed = layout(boxes, arrows)
    for number, ((x, y), (width, height)) in enumerate(zip(placed.places, boxes, strict=True)):
        assert x - width / 2 >= -0.01
        assert x + width / 2 <= placed.width + 0.01
        assert y - height / 2 >= -0.01
        assert y + height / 2 <= placed.height + 0.01
        for (other_x, other_y), (w, h) in zip(placed.places[:number], boxes, strict=False):
            beside = abs(x - other_x) >= (width + w) / 2 - 0.01
            assert beside or abs(y - other_y) >= (height + h) / 2 + GAP - 0.01
    for (start, end), route in zip(arrows, placed.routes, strict=True):
        assert (route[0], route[-1]) == (placed.places[start], placed.places[end])


def test_data_goes_from_left_to_right():
    x = [place[0] for place in layout([(10, 10)] * 4, [(0, 1), (1, 2), (3, 2), (2, 0)]).places]
    assert x[0] < x[1] < x[2]
    assert x[3] == x[1]  # an input is right before what reads it


def test_an_arrow_goes_around_what_is_between():
    placed = layout([(10, 10)] * 4, [(0, 1), (1, 2), (0, 2), (2, 3)])
    (_, (x, y), _) = placed.routes[2]
    assert x == placed.places[1][0]
    assert abs(y - placed.places[1][1]) >= 5 + GAP
