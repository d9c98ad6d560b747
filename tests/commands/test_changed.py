"""A file that changed between the trace and the packing, as a user meets it."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("options", [(), ("--no-hash",)])
def test_it_is_named_and_packed_only_when_allowed(rpz, tmp_path, options):
    (tmp_path / "data").write_text("1\n")
    (tmp_path / "same").write_text("2\n")
    assert rpz("trace", *options, "sh", "-c", "cat data same >out").returncode == 0
    (tmp_path / "data").write_text("3\n")
    (tmp_path / "out").write_text("4\n")
    refused = rpz("pack")
    assert refused.returncode == 1
    assert f"rpz: Changed since the runs were traced: {tmp_path}/data. ".encode() in refused.stderr
    assert b"--allow-changed" in refused.stderr
    assert not (tmp_path / "experiment.rpz").exists()
    allowed = rpz("pack", "--allow-changed")
    assert allowed.returncode == 0
    assert b"Changed since the runs were traced; packed as it is now (1):" in allowed.stderr


def test_a_touched_file_is_no_changed_one(rpz, tmp_path):
    (tmp_path / "data").write_text("1\n")
    assert rpz("trace", "cat", "data").returncode == 0
    (tmp_path / "data").touch()
    assert rpz("pack").returncode == 0
