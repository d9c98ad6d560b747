"""The walk along a path, against the kernel's own."""

# ruff: noqa: PTH102, PTH115, PTH118, PTH211 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.tracer.reference.resolve import CrossedLink, LeftFolder, Place, resolve
from rpz.tracer.reference.view import AT_FDCWD, View, real_target

if TYPE_CHECKING:
    from pathlib import Path

SELF = View(os.getpid(), threading.get_native_id())
NAMES = [b"a", b"b", b"\xff\n c"]
COMPONENTS = st.sampled_from([*NAMES, b".", b"..", b""])
PATHS = st.lists(COMPONENTS, min_size=1, max_size=6).map(b"/".join)


def place_of(name: bytes | Path, *, follow: bool = True) -> Place | None:
    return resolve(SELF, os.fsencode(name), AT_FDCWD, follow=follow)


def make_tree(top: bytes, entries: dict[bytes, bytes | None]) -> None:
    """Make links (name to target) and folders (name to None); what can't be made is left out."""
    for name, target in entries.items():
        with contextlib.suppress(OSError):
            if target is None:
                os.mkdir(os.path.join(top, name))
            else:
                os.symlink(target, os.path.join(top, name))


def kernel_path(name: bytes, flags: int) -> bytes | None:
    """Ask the kernel where a name leads."""
    try:
        fd = os.open(name, os.O_PATH | flags)
    except OSError:
        return None
    try:
        return os.readlink(b"/proc/self/fd/%d" % fd)
    finally:
        os.close(fd)


@settings(max_examples=300, deadline=None)
@given(
    entries=st.dictionaries(PATHS, st.none() | PATHS.filter(bool), max_size=8),
    paths=st.lists(PATHS, min_size=1, max_size=5),
    follow=st.booleans(),
)
def test_a_walk_ends_where_the_kernel_s_does(
    entries: dict[bytes, bytes | None], paths: list[bytes], follow: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.realpath(os.fsencode(folder))
        make_tree(top, entries)
        for path in paths:
            name = os.path.join(top, path.lstrip(b"/")) if path.lstrip(b"/") else top
            expected = kernel_path(name, 0 if follow else os.O_NOFOLLOW)
            place = place_of(name, follow=follow)
            if expected is None:
                assert place is None or not place.exists
            else:
                assert place is not None
                assert place.exists
                assert place.path == expected


def test_missing_file_is_named_in_its_real_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    place = place_of(tmp_path / "link/new")
    assert place is not None
    assert not place.exists
    assert place.path == os.fsencode(tmp_path / "real/new")
    assert place_of(tmp_path / "link/none/new") is None


def test_what_is_crossed_is_kept_in_order(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    place = place_of(os.fsencode(tmp_path) + b"/link/../folder")
    assert place is not None
    top = os.fsencode(tmp_path)
    assert place.crossed == (CrossedLink(top + b"/link", b"folder"), LeftFolder(top + b"/folder"))


def test_a_link_at_the_end_is_the_place_itself(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    place = place_of(tmp_path / "link", follow=False)
    assert place is not None
    assert place.is_link
    assert place.crossed == (CrossedLink(os.fsencode(tmp_path / "link"), b"nowhere"),)


def test_relative_names_start_at_the_descriptor(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fd = os.open(tmp_path, os.O_PATH)
    try:
        place = resolve(SELF, b"file", fd, follow=True)
    finally:
        os.close(fd)
    assert place is not None
    assert place.path == os.fsencode(tmp_path / "file")
    assert resolve(SELF, b"file", fd, follow=True) is None


def test_a_confined_walk_stays_below_its_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/../file")
    fd = os.open(tmp_path, os.O_PATH)
    try:
        place = resolve(SELF, b"/../link", fd, follow=True, beneath=True)
    finally:
        os.close(fd)
    assert place is not None
    assert place.path == os.fsencode(tmp_path / "file")


def test_own_descriptors_lead_to_their_files(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w") as file:
        place = place_of(b"/proc/self/fd/%d" % file.fileno())
        assert place is not None
        assert place.path == os.fsencode(path)
        assert place.crossed == ()
        path.unlink()
        place = place_of(b"/proc/self/fd/%d" % file.fileno())
        assert place is not None
        assert place.path.startswith(b"/proc/")


def test_a_pipe_has_no_path() -> None:
    reader, writer = os.pipe()
    assert real_target(b"/proc/self/fd/%d" % reader) is None
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("name", [b"", b"x" * 300, b"/dev/null/x", b"/dev/null/"])
def test_names_that_lead_nowhere(name: bytes) -> None:
    assert place_of(name) is None
