"""What was looked at while a run went on is packed as what is looked at in the end."""

from __future__ import annotations

import os

import pytest

from rpz.packer import looks as module
from rpz.packer.history import history
from rpz.packer.looks import Looks
from rpz.packer.select import Reason, select
from tests.packer.traces import READ, STAT, WRITE, Trace


@pytest.fixture
def trace(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    return Trace(folder).start()


def looked_at(*paths):
    looks = Looks()
    for path in paths:
        looks.offer(os.fsencode(path))
    while looks.step():
        pass
    return looks


def selected(trace, looks):
    with trace.open() as database:
        found = select(history(database), trace.snapshots, looks)
        return list(found.needed), found.left_out, found.changed


def test_all_kinds_of_files_are_found_to_be_the_same(trace):
    names = [trace.folder / name for name in ("file", "folder", "link", "pipe", "made", ".netrc")]
    file, folder, link, pipe, made, secret = names
    for path in (file, made, secret):
        path.write_text("content")
    folder.mkdir()
    link.symlink_to("file")
    os.mkfifo(pipe)
    for path in (file, folder, link, pipe, secret):
        trace.file(path, STAT, is_directory=path == folder)
    trace.file(made, WRITE, existed=False)
    trace.file("/proc/version", READ)
    looks = looked_at(*names, trace.folder / "nothing", "/proc/version")
    assert looks.get(os.fsencode(file)).st_size == len("content")
    assert looks.get(b"/proc/version") is None
    assert selected(trace, looks) == selected(trace, Looks())


def test_what_a_run_has_changed_is_not_as_it_was_seen(trace):
    file = trace.folder / "file"
    file.write_text("old")
    looks = looked_at(file)
    trace.append(file)
    file.write_text("old and new")
    (item,) = (item for item in selected(trace, looks)[0] if item.path == os.fsencode(file))
    assert item.size == len("old and new")


def test_what_comes_later_is_looked_at_in_the_end(trace):
    file = trace.folder / "file"
    looks = looked_at(file)
    file.write_text("x")
    trace.read(file)
    assert os.fsencode(file) in {item.path for item in selected(trace, looks)[0]}


def test_what_may_not_be_read_is_left_out(trace, monkeypatch):
    file = trace.folder / "file"
    file.write_text("x")
    trace.stat(file)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != os.fsencode(file))
    reasons = {left.path: left.reason for left in selected(trace, looked_at(file))[1]}
    assert reasons == {os.fsencode(file): Reason.UNREADABLE}


def test_there_is_an_end_to_what_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    names = [tmp_path / str(number) for number in range(5)]
    for name in names:
        name.write_text("")
    looks = looked_at(*names)
    assert [looks.get(os.fsencode(name)) is not None for name in names] == [True] * 3 + [False] * 2
