"""Paths in an experiment's root lead where the experiment sees them lead, never out."""

from __future__ import annotations

from pathlib import Path

import pytest

from rpz.unpackers.resolve import parent_of


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "file").touch()
    (tmp_path / "file").touch()
    for name, link in {
        "out": "../..",
        "absolute": "/a/b",
        "relative": "a/./b/",
        "file": "a/file",
        "loop": "loop",
        "dangling": "/a/new",
        "chain": "file",
    }.items():
        (root / name).symlink_to(link)
    return root


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/a/file", ("a", b"file")),
        (b"/file", ("a", b"file")),
        (b"/chain", ("a", b"file")),
        (b"//a/../a/./file", ("a", b"file")),
        (b"/out/out/file", ("a", b"file")),
        (b"/../../../a/file", ("a", b"file")),
        (b"/absolute/../file", ("a", b"file")),
        (b"/relative/new", ("a/b", b"new")),
        (b"/dangling", ("a", b"new")),
        (b"/a/b/..", ("a", b".")),
        (b"/", (".", b".")),
    ],
)
def test_place(root, path, expected):
    with parent_of(root, path) as (folder, name):
        place = Path(f"/proc/self/fd/{folder}").readlink().relative_to(root)
        assert (place, name) == (Path(expected[0]), expected[1])


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (b"/no/file", FileNotFoundError),
        (b"/a/file/more", NotADirectoryError),
        (b"/loop", OSError),
        (b"/loop/file", OSError),
    ],
)
def test_no_place(root, path, error):
    before = open_files()
    with pytest.raises(error), parent_of(root, path):
        pass
    assert open_files() == before
