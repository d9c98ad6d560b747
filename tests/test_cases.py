"""Whole journeys: what replays is what ran (``tests/cases/README.md``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import journey, matrix

DOCUMENT = Path(__file__).parent.parent / "docs" / "fidelity.md"
BACKENDS = {backend.name: backend for backend in matrix.BACKENDS}


def journey_of(cell):
    """Return the parameters of a cell of the matrix; a hole must be one indeed."""
    parameters = pytest.param((cell.case, cell.user), cell.backend, id=str(cell))
    if cell.hole is None:
        return parameters
    expected = pytest.mark.xfail(reason=cell.hole, raises=AssertionError, strict=True)
    return pytest.param(*parameters.values, id=parameters.id, marks=expected)


JOURNEYS = [journey_of(cell) for cell in matrix.CELLS]


@pytest.fixture(scope="module")
def packed(request):
    """A case that was traced and packed by somebody, and whose folder is out of reach since."""
    case, user = request.param
    yield from journey.packed(case, journey.person(user))


@pytest.mark.parametrize(("packed", "backend"), JOURNEYS, indirect=["packed"], scope="module")
def test_replays_what_ran(packed, backend):
    chosen = BACKENDS[backend]
    chosen.need(packed.person)
    replayed = chosen.replay(packed, chosen)
    told = replayed.stderr.decode(errors="replace")
    assert replayed.stdout == packed.recorded.stdout, told
    assert replayed.status == packed.recorded.status, told
    assert replayed.outputs == packed.recorded.outputs, told
    assert not packed.lab.exists()


def test_the_document_has_the_table():
    assert matrix.declared() in DOCUMENT.read_text("utf-8"), "print it: make matrix"


def test_holes_are_of_what_there_is():
    for hole in matrix.HOLES:
        assert any(hole.holds(cell) for cell in matrix.CELLS), hole
