"""Files that appear whole or not at all, and not over others."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from rpz.packer.atomic import replaced_file


@pytest.fixture(params=["links", "no links"])
def file_system(request, monkeypatch):
    """One that can make hard links, and one that can't, as FAT."""

    def refuse(*_arguments, **_options):
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


def write(path, meanwhile=lambda: None):
    """Write a new file; at the same time something else is done."""
    with replaced_file(path, overwrite=False) as file:
        file.write(b"new")
        meanwhile()


@pytest.mark.usefixtures("file_system")
class TestWithoutOverwrite:
    def test_a_new_file_gets_its_name(self, tmp_path):
        write(tmp_path / "a")
        assert [(p.name, p.read_bytes(), p.stat().st_nlink) for p in tmp_path.iterdir()] == [
            ("a", b"new", 1)
        ]

    def test_what_is_made_meanwhile_stays(self, tmp_path):
        another = tmp_path / "a"
        with pytest.raises(FileExistsError):
            write(tmp_path / "a", lambda: another.write_bytes(b"another's"))
        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"another's")]

    def test_a_link_to_nothing_stays(self, tmp_path):
        (tmp_path / "a").symlink_to("gone")
        with pytest.raises(FileExistsError):
            write(tmp_path / "a")
        assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_file_is_replaced_when_wanted(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with replaced_file(tmp_path / "a") as file:
        file.write(b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"new")]


def test_an_error_names_the_file_that_was_asked_for():
    with pytest.raises(OSError, match="'/proc/file'"), replaced_file(Path("/proc/file")):
        pytest.fail("it was made")
