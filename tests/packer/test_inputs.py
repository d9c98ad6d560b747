from __future__ import annotations

import os

import pytest

from rpz.packer.history import history
from rpz.packer.inputs import inputs_outputs
from rpz.packer.names import short_names
from rpz.packer.select import select
from rpz.tracer.rows import RunRow
from tests.packer.traces import Trace


@pytest.fixture
def trace(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    return Trace(folder)


def named(trace):
    with trace.open() as database:
        tree = history(database)
        items = inputs_outputs(tree, select(tree, trace.snapshots), database.rows(RunRow))
    return {item.name: (item.read_by_runs, item.written_by_runs) for item in items}


def put(trace, name, content="x"):
    path = trace.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_what_is_read_is_an_input(trace):
    trace.start().read(put(trace, "data.csv"))
    assert named(trace) == {"data.csv": ((0,), ())}


def test_what_is_written_is_an_output(trace):
    trace.start().create(put(trace, "out.csv"))
    assert named(trace) == {"out.csv": ((), (0,))}


def test_what_is_renamed_to_its_name_is_an_output(trace):
    trace.start().create(trace.folder / "tmp").rename(trace.folder / "tmp", put(trace, "out.csv"))
    assert named(trace) == {"out.csv": ((), (0,))}


def test_what_is_read_and_then_overwritten_is_both(trace):
    path = put(trace, "data.csv", "after")
    trace.start().read(path).keep(path, "before").truncate(path)
    assert named(trace) == {"data.csv": ((0,), (0,))}


def test_what_is_read_and_then_removed_is_an_input(trace):
    path = trace.folder / "data.csv"
    trace.start().read(path).keep(path, "before").remove(path)
    assert named(trace) == {"data.csv": ((0,), ())}


def test_what_is_only_looked_at_is_neither(trace):
    trace.start().stat(put(trace, "data.csv"))
    assert named(trace) == {}


def test_a_temporary_file_is_no_output(trace):
    path = trace.folder / "tmp"
    trace.start().create(path).read(path).remove(path)
    assert named(trace) == {}


def test_what_is_read_and_appended_to_is_both(trace):
    path = put(trace, "log")
    trace.start().read(path).append(path)
    assert named(trace) == {"log": ((0,), (0,))}


def test_what_goes_from_run_to_run_is_an_output_that_was_read(trace):
    path = put(trace, "out.csv")
    trace.start().create(path).start().read(path)
    assert named(trace) == {"out.csv": ((1,), (0,))}


@pytest.mark.parametrize(
    "name",
    [
        "libx.so", "libx.so.1.2", "a.py", "__pycache__/a.pyc", ".hidden", ".cache/fonts.json",
        "v/lib/site-packages/pandas/data.csv", "node_modules/x/data.json",
    ],
)  # fmt: skip
def test_what_comes_with_programs_is_no_input(trace, name):
    trace.start().read(put(trace, name))
    assert named(trace) == {}


def test_an_installation_anywhere_is_no_input(trace):
    put(trace, "venv/pyvenv.cfg")
    trace.start().read(put(trace, "venv/share/data.csv")).read(put(trace, "venv/mine/data.csv"))
    assert named(trace) == {"data.csv": ((0,), ())}


def test_a_program_is_no_input(trace):
    trace.start().read(put(trace, "interpreter", "\x7fELF"))
    assert named(trace) == {}


def test_what_was_executed_is_no_input(trace):
    path = put(trace, "script")
    (trace.folder / "link").symlink_to("script")
    trace.start(binary=trace.folder / "other").follow(trace.folder / "link", "script")
    trace.start(binary=trace.folder / "link").read(path)
    assert named(trace) == {}


def test_what_a_command_names_is_an_input_whatever_it_is(trace):
    put(trace, ".hidden/a.py")
    trace.start("python", ".hidden/a.py", "--in=.conf").read(trace.folder / ".hidden/a.py")
    trace.read(put(trace, ".conf"))
    assert set(named(trace)) == {"a.py", ".conf"}


def test_a_link_that_a_command_names_leads_to_the_input(trace):
    put(trace, ".store/1")
    trace.start("cat", "link").follow(trace.folder / "link", ".store/1")
    trace.read(trace.folder / ".store/1")
    assert set(named(trace)) == {"1"}


def test_a_hidden_folder_above_the_working_folder_hides_nothing(trace):
    trace.start(workingdir=trace.folder / ".work").read(put(trace, ".work/data.csv"))
    assert set(named(trace)) == {"data.csv"}


def test_names_grow_until_they_differ():
    names = short_names([b"/w/a/out.csv", b"/w/b/out.csv", b"/w/b/other", b"/x/b/out.csv"])
    assert names == {
        b"/w/a/out.csv": "a/out.csv",
        b"/w/b/out.csv": "w/b/out.csv",
        b"/x/b/out.csv": "x/b/out.csv",
        b"/w/b/other": "other",
    }


def test_names_are_unique_where_their_text_is_not():
    names = short_names([b"/a/\xff", b"/b/\\xff"])
    assert len(set(names.values())) == 2


def test_names_do_not_depend_on_the_order():
    paths = [os.fsencode(f"/{a}/{b}") for a in "xyz" for b in "ab"]
    assert short_names(paths) == short_names(reversed(paths))


@pytest.mark.parametrize("paths", [[b"/a", b"/b/a"], [b"/a/a", b"/a"], [b"/x/a", b"/a/x/a"]])
def test_a_name_that_ends_another_is_told_apart(paths):
    assert len(set(short_names(paths).values())) == 2
