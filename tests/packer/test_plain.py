"""Files that the runs only used as they were are found to be just what the tree would have them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from rpz.packer import history as module
from rpz.packer import plain
from rpz.packer.history import history
from rpz.packer.plain import put_others_aside
from rpz.packer.select import current_names, select
from rpz.tracer.database import TraceDatabase
from tests.packer.traces import LINK, READ, SOCKET, STAT, WDIR, WRITE, Trace

ALL = """
SELECT name FROM opened_files UNION SELECT old FROM renames UNION SELECT new FROM renames
"""

names = st.lists(st.sampled_from([b"a", b"b", b"a-", b"\xff"]), min_size=1, max_size=3).map(
    lambda parts: b"/" + b"/".join(parts)
)
modes = st.sampled_from((READ, STAT, WDIR, WRITE, READ | WRITE, READ | LINK, SOCKET | WRITE))
reads = st.tuples(
    st.just("file"), names, st.sampled_from((READ, STAT, WDIR)), st.just(1), st.just(0)
)
events = st.one_of(
    reads,
    reads,
    st.tuples(st.just("file"), names, modes, st.booleans(), st.booleans()),
    st.tuples(st.just("rename"), names, names, st.sampled_from(("rename", "exchange", "hardlink"))),
    st.tuples(st.just("remove"), names),
    st.tuples(st.just("mkdir"), names),
    st.tuples(st.just("follow"), names, names),
    st.tuples(st.just("keep"), names),
    st.tuples(st.just("start"), names, names),
)


def told(trace, event):
    kind, name, *more = event
    if kind == "file":
        mode, existed, flag = more
        is_directory = bool(mode & WDIR) or (flag and not mode & WRITE)
        trace.file(name, mode, existed=bool(existed), truncated=flag and bool(mode & WRITE),
                   is_directory=is_directory)  # fmt: skip
    elif kind == "rename":
        if name != more[0]:
            trace.rename(name, more[0], kind=more[1])
    elif kind == "start":
        trace.start(binary=name, workingdir=more[0])
    else:
        getattr(trace, kind)(name, *more)


@contextlib.contextmanager
def database_of(happened):
    """The database of a trace in which that has happened, one thing after the other."""
    trace = Trace(Path("/")).start(binary="/b", workingdir="/")
    for event in happened:
        told(trace, event)
    with TraceDatabase.temporary() as database:
        for row in trace.rows:
            database.add([row])
        yield database


FIELDS = (
    "needed", "was_read", "changed", "discarded", "executed", "is_directory", "is_socket",
    "appeared", "target", "read_by", "written_by", "first_run",
)  # fmt: skip


def seen(tree):
    """All contents, as what is known of them and the names that they have."""
    found = [(plain.whole(), [plain.origin]) for plain in tree.plain()]
    names = current_names(tree)
    found += [(content, names[content]) for content in tree.contents]
    return sorted(
        repr((content.origin, its, [getattr(content, field) for field in FIELDS]))
        for content, its in found
    )


@given(st.lists(events, max_size=12))
@example([("rename", b"/a", b"/a/b", "exchange")])
def test_what_is_known_of_each_is_the_same(happened):
    with database_of(happened) as database:
        found = seen(history(database))
        assert found == seen(all_in_the_tree(database))


def all_in_the_tree(database):
    module.put_others_aside = lambda known: known.put_aside(name for (name,) in known.select(ALL))
    try:
        return history(database)
    finally:
        module.put_others_aside = put_others_aside


def test_most_are_not_in_the_tree(tmp_path):
    for name in "abcd":
        (tmp_path / name).write_text(name)
    trace = Trace(tmp_path).start()
    for name in "abc":
        trace.read(tmp_path / name)
    trace.append(tmp_path / "d")
    with trace.open() as database:
        tree = history(database)
        assert {content.origin[-1:] for content in tree.plain()} == {b"a", b"b", b"c"}
        assert {bytes(tmp_path / name) for name in "abcd"} <= select(tree).by_path.keys()


@given(st.lists(events, max_size=12))
def test_few_folders_and_many_are_found_alike(happened):
    with database_of(happened) as database:
        assert aside(database, plain.FEW) == aside(database, -1)


def aside(database, few):
    before = plain.FEW
    plain.FEW = few
    try:
        put_others_aside(database)
        return set(database.select("SELECT name FROM aside JOIN opened_files USING (name)"))
    finally:
        plain.FEW = before
