"""What the tests of all archives deposit."""

from __future__ import annotations

import shutil

import pytest

from tests.provenance.deposit.packs import made_pack


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return made_pack(tmp_path_factory.mktemp("experiment"))


@pytest.fixture
def pack(packed, tmp_path):
    return shutil.copy(packed, tmp_path / "experiment.rpz")
