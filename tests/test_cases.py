"""Whole journeys: what replays is what ran (``tests/cases/README.md``)."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from rpz.unpackers import UNPACKERS
from tests import journey, matrix
from tests.conftest import rpz_in
from tests.provenance.export.validation import assert_valid

DOCUMENT = Path(__file__).parent.parent / "docs" / "fidelity.md"
BACKENDS = {backend.name: backend for backend in matrix.BACKENDS}


TRIED = [backend.name for backend in matrix.BACKENDS if matrix.is_tried(backend.name)]


JOURNEYS = list(product(journey.CASES, matrix.USERS))
PUBLISHED = [("enzyme-kinetics", "root"), ("r-regression", "root"), ("two-runs", "root"),
             ("worker-processes", "root")]  # fmt: skip
"""Of which a crate and a bag are looked at by the validators of archives."""
TOLD = ("--title", "A case", "--description", "As a test", "--licence", "CC0-1.0", "--author",
        "Doe, Jane (CNRS; 02feahw73)", "--publisher", "Zenodo")  # fmt: skip


@pytest.fixture(scope="module")
def packed(request):
    """A case that was traced and packed by somebody, and whose folder is out of reach since."""
    case, user = request.param
    yield from journey.packed(case, user)


@pytest.fixture(scope="module")
def replays(request, packed):
    """What the chosen backends make of it, one after the other."""
    chosen = [cell.backend for cell in selected(request) if (cell.case, cell.user) == packed.name]
    with ThreadPoolExecutor(1) as pool:
        yield {name: pool.submit(replayed, BACKENDS[name], packed) for name in chosen}


def selected(request):
    """Return the cells that pytest is to try."""
    names = {item.name for item in request.session.items}
    return [cell for cell in matrix.CELLS if f"test_replays_what_ran[{cell}]" in names]


def replayed(backend, packed):
    backend.need(packed.person)
    return backend.replay(packed, backend)


@pytest.mark.parametrize("by", TRIED)
@pytest.mark.parametrize("packed", JOURNEYS, indirect=True, scope="module", ids=":".join)
def test_replays_what_ran(replays, packed, by):
    found = replays[by].result()
    told = found.stderr.decode(errors="replace")
    assert found.stdout == packed.recorded.stdout, told
    assert found.status == packed.recorded.status, told
    assert found.outputs == packed.recorded.outputs, told
    assert not packed.lab.exists()


@pytest.mark.parametrize("packed", PUBLISHED, indirect=True, scope="module", ids=":".join)
def test_what_is_published_of_it_is_valid(packed, tmp_path):
    shutil.copy(packed.pack, tmp_path / "case.rpz")
    rpz = rpz_in(tmp_path)
    assert rpz("meta", *TOLD, "case.rpz").returncode == 0
    done = rpz("export", "case.rpz", "--ro-crate", "crate", "--bagit", "bag", "--with-files")
    assert done.returncode == 0, done.stderr
    assert_valid(tmp_path / "crate", tmp_path / "bag")


def test_the_document_has_the_table():
    assert matrix.declared() in DOCUMENT.read_text("utf-8"), "print it: make matrix"


def test_holes_are_of_what_there_is():
    for hole in matrix.HOLES:
        assert any(hole.holds(cell) for cell in matrix.CELLS), hole


def test_every_unpacker_has_a_row():
    assert set(UNPACKERS) <= set(BACKENDS)
