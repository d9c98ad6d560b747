from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rpz.packer.before import Status
from rpz.packer.history import history
from rpz.packer.select import Kind, Reason, select
from tests.packer.traces import LINK, READ, SOCKET, STAT, WRITE, Trace


@pytest.fixture
def trace(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    return Trace(folder).start()


def selected(trace):
    with trace.open() as database:
        return select(history(database), trace.snapshots)


def packed(trace):
    """Return what is packed, below the working folder, by its name there."""
    prefix = os.fsencode(trace.folder) + b"/"
    return {
        os.fsdecode(n.path.removeprefix(prefix)): n
        for n in selected(trace).needed
        if n.path.startswith(prefix)
    }


def left_out(trace):
    return {
        item.path.rpartition(b"/")[2].decode(): item.reason for item in selected(trace).left_out
    }


def changed(trace):
    return [path.rpartition(b"/")[2].decode() for path in selected(trace).changed]


def put(trace, name, content="x"):
    path = trace.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.parametrize("mode", [READ, STAT, READ | LINK, WRITE, READ | WRITE])
def test_what_existed_and_was_used_is_packed(trace, mode):
    trace.file(put(trace, "f"), mode)
    assert packed(trace)["f"].kind is Kind.FILE


def test_the_working_folder_is_packed(trace):
    assert os.fsencode(trace.folder) in selected(trace).by_path


def test_the_root_folder_is_everywhere_already(trace):
    trace.file(Path("/"), READ, is_directory=True)
    assert b"/" not in selected(trace).by_path


def test_what_a_run_made_is_not_packed(trace):
    path = put(trace, "f")
    trace.create(path).read(path).stat(path)
    assert "f" not in packed(trace)


def test_what_a_run_truncated_first_is_an_output_only(trace):
    path = put(trace, "f")
    trace.truncate(path).read(path)
    assert "f" not in packed(trace)


def test_what_was_read_and_then_truncated_is_packed_with_a_warning(trace):
    path = put(trace, "f")
    trace.read(path).truncate(path)
    assert "f" in packed(trace)
    assert changed(trace) == ["f"]


def test_what_was_looked_at_and_then_truncated_needs_no_warning(trace):
    path = put(trace, "f")
    trace.stat(path).truncate(path)
    assert "f" in packed(trace)
    assert changed(trace) == []


def test_what_was_appended_to_is_packed_with_a_warning(trace):
    trace.append(put(trace, "f"))
    assert "f" in packed(trace)
    assert changed(trace) == ["f"]


def test_what_the_first_run_made_and_the_second_read_is_not_packed(trace):
    path = put(trace, "f")
    trace.create(path).start().read(path)
    assert "f" not in packed(trace)


def test_what_came_between_two_runs_is_packed(trace):
    trace.start().read(put(trace, "f"))
    assert "f" in packed(trace)


@pytest.mark.parametrize("path", ["/dev/null", "/proc/cpuinfo", "/sys/kernel", "/proc"])
def test_the_kernels_folders_are_not_packed(trace, path):
    trace.read(path)
    assert os.fsencode(path) not in selected(trace).by_path
    assert selected(trace).left_out == ()


def test_the_folder_of_an_output_is_packed(trace):
    trace.create(put(trace, "results/out"))
    assert packed(trace)["results"].kind is Kind.FOLDER
    assert "results/out" not in packed(trace)


def test_a_folder_that_a_run_made_is_not_packed(trace):
    path = put(trace, "results/out")
    trace.mkdir(path.parent).create(path)
    assert "results" not in packed(trace)


def test_a_folder_whose_maker_is_recorded_late_is_not_packed(trace):
    path = put(trace, "results/out")
    trace.create(path).mkdir(path.parent)
    assert "results" not in packed(trace)


def test_a_link_has_the_target_that_it_had(trace):
    (trace.folder / "link").symlink_to("new")
    trace.follow(trace.folder / "link", "old")
    assert packed(trace)["link"].kind is Kind.LINK
    assert packed(trace)["link"].target == b"old"


def test_a_link_that_is_gone_is_packed(trace):
    trace.follow(trace.folder / "link", "old")
    assert packed(trace)["link"].source is None
    assert packed(trace)["link"].target == b"old"


def test_a_link_that_a_run_made_is_not_packed(trace):
    link = trace.folder / "link"
    trace.file(link, WRITE | LINK, existed=False).follow(link, "f").read(put(trace, "f"))
    assert set(packed(trace)) == {"f"}


def test_a_renamed_output_is_not_packed(trace):
    trace.create(trace.folder / "tmp").rename(trace.folder / "tmp", put(trace, "out"))
    trace.read(trace.folder / "out")
    assert packed(trace) == {}


def test_an_output_in_a_renamed_folder_is_not_packed(trace):
    w = trace.folder
    put(trace, "new/out")
    trace.mkdir(w / "old").create(w / "old/out").rename(w / "old", w / "new").read(w / "new/out")
    assert packed(trace) == {}


def test_a_renamed_input_is_packed_under_its_old_name(trace):
    new = put(trace, "new")
    trace.rename(trace.folder / "old", new)
    item = packed(trace)["old"]
    assert item.source == os.fsencode(new)
    assert "new" not in packed(trace)
    assert changed(trace) == []


def test_an_input_in_a_renamed_folder_is_packed_under_its_old_name(trace):
    w = trace.folder
    put(trace, "b/x")
    put(trace, "b/y")
    trace.read(w / "a/x").rename(w / "a", w / "b").read(w / "b/y")
    items = packed(trace)
    assert items["a/x"].source == os.fsencode(w / "b/x")
    assert items["a/y"].source == os.fsencode(w / "b/y")
    assert not any(name.startswith("b") for name in items)


def test_the_old_name_may_be_used_again(trace):
    w = trace.folder
    put(trace, "f")
    put(trace, "f.bak", "old")
    trace.rename(w / "f", w / "f.bak").create(w / "f").read(w / "f")
    assert packed(trace)["f"].source == os.fsencode(w / "f.bak")


def test_an_input_that_a_rename_replaced_is_packed_with_a_warning(trace):
    w = trace.folder
    put(trace, "f", "new")
    trace.read(w / "f").create(w / "tmp").rename(w / "tmp", w / "f", replaces=True)
    assert "f" in packed(trace)
    assert changed(trace) == ["f"]


def test_an_exchange_swaps(trace):
    w = trace.folder
    put(trace, "a", "was b")
    put(trace, "b", "was a")
    trace.rename(w / "a", w / "b", kind="exchange", replaces=True)
    assert packed(trace)["a"].source == os.fsencode(w / "b")
    assert packed(trace)["b"].source == os.fsencode(w / "a")


def test_a_hard_link_of_a_run_is_not_packed(trace):
    w = trace.folder
    os.link(put(trace, "old"), w / "new")
    trace.rename(w / "old", w / "new", kind="hardlink").read(w / "new")
    assert set(packed(trace)) == {"old"}


def test_a_removed_input_is_found_under_its_other_name(trace):
    w = trace.folder
    put(trace, "new")
    trace.rename(w / "old", w / "new", kind="hardlink").remove(w / "old")
    assert packed(trace)["old"].source == os.fsencode(w / "new")


def test_a_removed_input_is_reported(trace):
    path = trace.folder / "f"
    trace.read(path).remove(path)
    assert left_out(trace) == {"f": Reason.REMOVED}


def test_a_removed_folder_is_packed_all_the_same(trace):
    path = trace.folder / "d"
    trace.remove(path, is_directory=True)
    assert packed(trace)["d"].kind is Kind.FOLDER
    assert packed(trace)["d"].source is None


def test_a_temporary_file_is_not_reported(trace):
    path = trace.folder / "f"
    trace.create(path).read(path).remove(path)
    assert left_out(trace) == {}


def test_an_input_that_is_gone_since_is_reported(trace):
    trace.read(trace.folder / "f")
    assert left_out(trace) == {"f": Reason.MISSING}


def test_a_named_pipe_is_reported(trace):
    os.mkfifo(trace.folder / "pipe")
    trace.read(trace.folder / "pipe")
    assert left_out(trace) == {"pipe": Reason.SPECIAL}


def test_a_servers_socket_is_reported(trace):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(trace.folder / "s"))
        trace.file(trace.folder / "s", WRITE | SOCKET)
        assert left_out(trace) == {"s": Reason.SOCKET}


def test_what_came_from_elsewhere_during_a_run_is_reported(trace):
    path = put(trace, "f")
    trace.file(path, READ, existed=False)
    assert left_out(trace) == {"f": Reason.APPEARED}


def test_any_name_can_be_packed(trace):
    path = os.fsencode(trace.folder) + b"/\xff\n #"
    Path(os.fsdecode(path)).touch()
    trace.read(path)
    assert path in selected(trace).by_path


def content_of(trace, name):
    return Path(os.fsdecode(packed(trace)[name].source)).read_text()


CHANGES = {
    "truncated": lambda trace, path: trace.truncate(path),
    "appended": lambda trace, path: trace.append(path),
    "removed": lambda trace, path: trace.remove(path),
    "replaced": lambda trace, path: trace.create(path.with_name("tmp")).rename(
        path.with_name("tmp"), path, replaces=True
    ),
    "renamed and written": lambda trace, path: trace.rename(path, path.with_name("x")).append(
        path.with_name("x")
    ),
}


@pytest.mark.parametrize("there", ["changed", "gone", "a folder"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_kept_is_packed_as_it_was(trace, change, there):
    path = trace.folder / "f"
    trace.read(path).keep(path, "before", mode=0o100751, uid=5, gid=6, modified=7)
    CHANGES[change](trace, path)
    if there == "changed":
        put(trace, "f", "after")
    elif there == "a folder":
        path.mkdir()
    assert content_of(trace, "f") == "before"
    item = packed(trace)["f"]
    assert (item.kind, item.size, item.kept) == (Kind.FILE, 6, True)
    assert item.status == Status(0o100751, 5, 6, 7)
    assert changed(trace) == []
    assert left_out(trace) == {}


def test_an_output_that_was_kept_is_no_input(trace):
    path = put(trace, "f", "after")
    trace.keep(path, "before").truncate(path).read(path)
    assert "f" not in packed(trace)


def test_what_another_run_kept_is_too_late(trace):
    path = put(trace, "f", "last")
    trace.append(path).start().keep(path, "after the first run").append(path)
    assert content_of(trace, "f") == "last"
    assert changed(trace) == ["f"]


def test_the_first_run_that_kept_a_file_counts(trace):
    path = put(trace, "f", "last")
    trace.keep(path, "before").append(path).start().keep(path, "after the first run").append(path)
    assert content_of(trace, "f") == "before"


def test_what_a_later_run_changes_is_kept_by_that_run(trace):
    path = put(trace, "f", "after")
    trace.read(path).start().keep(path, "before").truncate(path)
    assert content_of(trace, "f") == "before"


def test_what_one_run_made_and_the_next_changed_is_not_packed(trace):
    path = put(trace, "f", "after")
    trace.create(path).start().keep(path, "of the first run").append(path)
    assert "f" not in packed(trace)


@pytest.mark.parametrize("kind", ["too_large", "failed"])
def test_what_could_not_be_kept_is_packed_with_a_warning(trace, kind):
    path = put(trace, "f", "after")
    trace.keep(path, kind=kind).append(path)
    assert content_of(trace, "f") == "after"
    assert changed(trace) == ["f"]


def test_what_could_not_be_kept_is_not_kept_by_a_later_run(trace):
    path = put(trace, "f", "last")
    trace.keep(path, kind="too_large").append(path).start().keep(path, "after").append(path)
    assert content_of(trace, "f") == "last"
    assert changed(trace) == ["f"]


def test_a_copy_that_is_gone_is_done_without(trace):
    path = put(trace, "f", "after")
    trace.keep(path, "before").append(path)
    (trace.snapshots / "0/1").unlink()
    assert content_of(trace, "f") == "after"
    assert changed(trace) == ["f"]


def test_a_copy_of_another_trace_is_not_taken(trace):
    path = put(trace, "f", "after")
    trace.keep(path, "before").append(path)
    (trace.snapshots / "0/1").write_text("something else")
    assert content_of(trace, "f") == "after"


def test_all_names_of_a_kept_file_are_as_they_were(trace):
    path, other = put(trace, "a", "after"), trace.folder / "b"
    other.hardlink_to(path)
    found = {"links": 2, "device": 7, "inode": 8}
    trace.read(path).keep(path, kind="status", mode=0o100640, **found).stat(path)
    trace.keep(other, "before", mode=0o100755, **found).append(other)
    assert content_of(trace, "a") == content_of(trace, "b") == "before"
    assert packed(trace)["a"].status.mode == packed(trace)["b"].status.mode == 0o100640
    assert changed(trace) == []


def test_the_inode_of_a_kept_file_may_be_another_files_in_the_next_run(trace):
    path = put(trace, "d", "fresh")
    found = path.stat()
    gone = trace.folder / "a"
    trace.keep(gone, "old", links=2, device=found.st_dev, inode=found.st_ino).append(gone)
    trace.remove(gone).start().read(path)
    assert content_of(trace, "d") == "fresh"


def test_a_program_that_is_written_anew_keeps_its_mode(trace):
    path = put(trace, "prog", "after")
    trace.keep(path, "before", mode=0o100755).truncate(path)
    assert packed(trace)["prog"].status.mode == 0o100755


def test_a_mode_is_as_it_was(trace):
    path = put(trace, "f", "content")
    trace.read(path).keep(path, kind="status", mode=0o100400, uid=5, gid=6, modified=-7)
    item = packed(trace)["f"]
    assert item.source == os.fsencode(path)
    assert item.status == Status(0o100400, 5, 6, -7)
    assert changed(trace) == []


def test_a_mode_is_as_it_was_before_the_content_was_changed(trace):
    path = put(trace, "f", "after")
    trace.read(path).keep(path, kind="status", mode=0o100400).keep(path, "before").append(path)
    assert content_of(trace, "f") == "before"
    assert packed(trace)["f"].status.mode == 0o100400


def other_name(trace, links):
    """A file is read by one name and changed by another, that it had before the runs."""
    path = put(trace, "read", "after")
    os.link(path, trace.folder / "changed")
    found = path.stat()
    inode = {"device": found.st_dev, "inode": found.st_ino, "links": links}
    trace.read(path).keep(trace.folder / "changed", "before", **inode)
    trace.truncate(trace.folder / "changed")
    return path


def test_a_file_that_was_changed_by_another_name_is_packed_as_it_was(trace):
    other_name(trace, links=2)
    assert content_of(trace, "read") == "before"
    assert packed(trace)["changed"].source == packed(trace)["read"].source


def test_an_inode_that_may_be_another_files_is_not_trusted(trace):
    other_name(trace, links=1)
    assert content_of(trace, "read") == "after"


def test_a_file_that_was_changed_by_two_names_and_lost_one_is_packed_as_it_was(trace):
    one, other = trace.folder / "one", put(trace, "other", "after")
    inode = {"device": 1, "inode": 2, "links": 2}
    trace.read(one).keep(other, "before", **inode).append(other).append(one)
    trace.keep(one, "before", **inode).remove(one)
    assert content_of(trace, "one") == "before"
    assert content_of(trace, "other") == "before"
    assert left_out(trace) == {}
