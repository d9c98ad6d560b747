from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

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
        return select(history(database))


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
