"""What the runs used is in the pack, or somebody is told: by rules of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpz.packer import pack as packing
from rpz.packer.archive.format import PackError
from rpz.packer.closure.account import kernels_files, unaccounted
from rpz.packer.configure import write_config
from rpz.packer.history import history
from rpz.packer.pack import pack
from rpz.packer.select import Reason, Selection, select
from tests.packer.traces import LINK, SOCKET, WRITE, Trace


def lost(trace, *known):
    with trace.open() as database:
        return [
            name.rpartition(b"/")[2]
            for name in unaccounted(database, set(map(os.fsencode, known)).__contains__)
        ]


@pytest.fixture
def trace(tmp_path):
    return Trace(tmp_path).start()


@pytest.mark.parametrize("use", ["read", "stat", "append"])
def test_what_was_used_must_be_known(trace, tmp_path, use):
    getattr(trace, use)(tmp_path / "x")
    assert lost(trace) == [b"x"]
    assert lost(trace, tmp_path / "x") == []


@pytest.mark.parametrize(
    "own",
    [
        lambda t, x, _: t.create(x).read(x),
        lambda t, x, _: t.read(x).create(x),  # two processes at once
        lambda t, x, _: t.truncate(x).read(x),
        lambda t, x, y: t.create(y).rename(y, x).read(x),
        lambda t, x, y: t.mkdir(y).create(y / "x").rename(y, x).read(x / "x"),
        lambda t, x, _: t.file(x, WRITE | LINK).create(x).read(x),
        lambda t, x, _: t.file(x, WRITE | SOCKET),
        lambda t, x, _: t.stat(x, is_directory=True),
        lambda t, _, __: t.read("/proc/self/maps").read("/sys/x"),
    ],
)
def test_what_the_runs_made_needs_nobody(trace, tmp_path, own):
    own(trace, tmp_path / "x", tmp_path / "y")
    assert lost(trace) == []


def test_what_was_read_before_it_was_replaced_must_be_known(trace, tmp_path):
    x, y = tmp_path / "x", tmp_path / "y"
    trace.read(x).truncate(x).read(y).remove(y).create(y)
    assert sorted(lost(trace)) == [b"x", b"y"]


def test_a_second_name_takes_nothing_away(trace, tmp_path):
    trace.rename(tmp_path / "x", tmp_path / "y", kind="hardlink").read(tmp_path / "x")
    assert b"x" in lost(trace)


NAMES = ("a", "b", "d/a", "d/b")
EVENTS = st.tuples(
    st.sampled_from(["read", "stat", "append", "create", "truncate", "remove", "rename", "link"]),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(NAMES)), st.lists(EVENTS, max_size=12))
def test_the_selection_accounts_for_all(tmp_path, there, events):
    """Two ways to read one trace agree, of any story that can happen."""
    trace = Trace(tmp_path).start()
    for event in events:
        happen(trace, tmp_path, there, *event)
    with trace.open() as database:
        selection = select(history(database))
        known = {item.path for item in (*selection.needed, *selection.left_out)}
        assert list(unaccounted(database, known.__contains__)) == []


def happen(trace, folder, there, what, name, other):
    """Let something happen, if it can."""
    if (name in there) is (what == "create"):
        return
    if what == "create":
        there.add(name)
    elif what == "remove":
        there.remove(name)
    elif what in ("rename", "link"):
        if name == other or (what == "link" and other in there):
            return
        kind = "hardlink" if what == "link" else what
        trace.rename(folder / name, folder / other, kind=kind, replaces=other in there)
        there.add(other)
        there -= {name} if what == "rename" else set()
        return
    getattr(trace, what)(folder / name)


def test_a_fault_of_the_selection_stops_the_pack(tmp_path, monkeypatch):
    """The way out that the message names is one."""
    (tmp_path / "data").write_text("1")
    folder = tmp_path / ".rpz-trace"
    Trace(tmp_path).start().read(tmp_path / "data").save(folder)
    write_config(folder)
    monkeypatch.setattr(packing, "read_selection", lambda *_: Selection())
    config = folder / "config.yml"
    line = f'  - "{tmp_path}/data"  # 1 byte\n'
    text = config.read_text()
    config.write_text(text.replace(line, ""))
    with pytest.raises(PackError, match=r"would not be packed: .*/data") as raised:
        pack(folder, tmp_path / "p.rpz")
    assert "other_files" in raised.value.remedy
    assert not (tmp_path / "p.rpz").exists()
    config.write_text(text)
    pack(folder, tmp_path / "p.rpz")


def test_data_in_shared_memory_are_told(tmp_path):
    """A replay has a /dev of its own: ReproZip leaves them out without a word."""
    number, name = tempfile.mkstemp(dir="/dev/shm")
    os.close(number)
    try:
        trace = Trace(tmp_path).start().read(name).read("/dev/null")
        trace.create("/dev/shm/rpz-none").read("/dev/shm/rpz-none")
        with trace.open() as database:
            (found,) = kernels_files(database)
        assert (found.path, found.reason) == (os.fsencode(name), Reason.KERNELS)
    finally:
        Path(name).unlink()
