"""What the papers of all tests show."""

from __future__ import annotations

import pytest

from tests.conftest import rpz_in
from tests.provenance.paper.runs import DOI, FIT, png


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """A pack of a run that makes a figure and a file of numbers; it has a DOI."""
    folder = tmp_path_factory.mktemp("experiment")
    rpz = rpz_in(folder)
    (folder / "in.png").write_bytes(png())
    (folder / "in.json").write_text(FIT)
    script = "cp in.png fig_1.png; cp in.json fit.json"
    assert rpz("trace", "--name", "fit", "sh", "-c", script).returncode == 0
    assert rpz("pack", "figure1.rpz").returncode == 0
    assert rpz("meta", "figure1.rpz", "--doi", DOI).returncode == 0
    return folder / "figure1.rpz"
