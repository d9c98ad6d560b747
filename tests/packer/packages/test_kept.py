"""What is made of a file is kept as long as the file stays as it is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rpz.packer.packages import kept
from rpz.packer.packages.kept import Kept

LONG = 3600 * 1_000_000_000


@pytest.fixture
def made():
    return []


@pytest.fixture
def of_files(made):
    def make(path):
        made.append(path)
        try:
            return Path(os.fsdecode(path)).read_bytes()
        except OSError:
            return None

    return Kept(make)


@pytest.fixture
def long_ago(monkeypatch):
    """All files have been as they are for an hour."""
    now = time.time_ns
    monkeypatch.setattr(kept.time, "time_ns", lambda: now() + LONG)


@pytest.mark.usefixtures("long_ago")
def test_made_once(tmp_path, of_files, made):
    path = os.fsencode(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"one")
    assert [of_files.of(path), of_files.of(path)] == [b"one", b"one"]
    assert made == [path]


@pytest.mark.usefixtures("long_ago")
@pytest.mark.parametrize("new", [b"two", b"", b"longer"])
def test_made_again_of_what_has_changed(tmp_path, of_files, new):
    (tmp_path / "file").write_bytes(b"one")
    path = os.fsencode(tmp_path / "file")
    assert of_files.of(path) == b"one"
    (tmp_path / "other").write_bytes(new)
    (tmp_path / "other").rename(tmp_path / "file")
    assert of_files.of(path) == new


@pytest.mark.usefixtures("long_ago")
def test_gone_and_come(tmp_path, of_files):
    path = os.fsencode(tmp_path / "file")
    assert of_files.of(path) is None
    (tmp_path / "file").write_bytes(b"one")
    assert of_files.of(path) == b"one"
    (tmp_path / "file").unlink()
    assert of_files.of(path) is None


def test_what_changes_just_now_may_change_unseen(tmp_path, of_files, made):
    (tmp_path / "file").write_bytes(b"one")
    path = os.fsencode(tmp_path / "file")
    assert [of_files.of(path), of_files.of(path)] == [b"one", b"one"]
    assert made == [path, path]
