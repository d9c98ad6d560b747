"""From a trace folder to a pack."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from rpaths import PosixPath

from rpz.packer.archive.format import PackError
from rpz.packer.archive.reader import Pack
from rpz.packer.config.faults import ConfigError
from rpz.packer.config.model import Package
from rpz.packer.config.reader import read_config
from rpz.packer.config.writer import config_text
from rpz.packer.configure import reset_config, write_config
from rpz.packer.pack import pack, target_path
from rpz.tracer.database import TraceDatabaseError
from tests.packer.traces import Trace


@pytest.fixture
def traced(tmp_path):
    """A folder with a trace of a run that reads ``data.csv`` and makes ``out.csv``."""
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "data.csv").write_text("1,2")
    (folder / "out.csv").write_text("3")
    trace = Trace(folder).start("prog", "data.csv", "out.csv")
    trace.read(folder / "data.csv").create(folder / "out.csv")
    trace.save(folder / ".rpz-trace")
    write_config(folder / ".rpz-trace")
    return folder


def packed(folder, **options):
    """Pack, and return the report and the members below the folder."""
    report = pack(folder / ".rpz-trace", folder.parent / "p.rpz", **options)
    prefix = f"DATA{folder}/"
    with Pack.open(report.path) as opened, opened.data() as tar:
        names = {info.name.removeprefix(prefix): info for info in tar}
    return report, {name: info for name, info in names.items() if not name.startswith("DATA")}


def edit(folder, **changes):
    path = folder / ".rpz-trace" / "config.yml"
    path.write_text(config_text(replace(read_config(path), **changes)))


def others(folder):
    return read_config(folder / ".rpz-trace" / "config.yml").other_files


def path_in(folder, name):
    return PosixPath(os.fsencode(folder / name))


def test_inputs_are_packed_and_outputs_are_not(traced):
    report, names = packed(traced)
    assert set(names) == {"data.csv"}
    assert (report.summary.files, report.left_out, report.unlisted) == (1, (), ())


def test_the_run_is_described(traced):
    config = read_config(traced / ".rpz-trace" / "config.yml")
    (run,) = config.runs
    assert run.argv == ("prog", "data.csv", "out.csv")
    assert (run.uid, run.gid, run.exitcode, run.signal) == (1001, 1002, 0, None)
    assert run.environ == {"A": "1"}
    assert run.distribution == ("debian", "12")
    assert [item.name for item in config.inputs_outputs] == ["data.csv", "out.csv"]


def test_what_the_run_changed_is_packed_as_it_was(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    trace = Trace(folder).start("prog")
    data, removed, mode = folder / "data", folder / "removed", folder / "mode"
    for path in (data, mode):
        path.write_text("after the run")
    about = {"mode": 0o104751, "uid": 5, "gid": 6, "modified": 7_000_000_008}
    trace.read(data).keep(data, "before", **about).truncate(data)
    trace.read(removed).keep(removed, "gone", **about).remove(removed)
    trace.read(mode).keep(mode, kind="status", **about)
    trace.save(folder / ".rpz-trace")
    write_config(folder / ".rpz-trace")
    data.write_text("after the trace")
    report, names = packed(folder)
    assert set(names) == {"data", "removed", "mode"}
    for info in names.values():
        assert (info.mode, info.uid, info.gid) == (0o4751, 5, 6)
        assert info.pax_headers["mtime"] == "7.000000008"
    with Pack.open(report.path) as opened, opened.data() as tar:
        texts = {i.name.rpartition("/")[2]: tar.extractfile(i).read() for i in tar if i.isreg()}
    assert texts == {"data": b"before", "removed": b"gone", "mode": b"after the run"}
    assert (report.changed, report.left_out) == ((), ())
    text = (folder / ".rpz-trace/config.yml").read_text()
    assert "6 bytes" in text
    assert "4 bytes" in text


@pytest.mark.parametrize(
    ("status", "ends"), [(3, (3, None)), (0x109, (None, 9)), (None, (None, None))]
)
def test_the_end_of_a_run_is_described(tmp_path, status, ends):
    Trace(tmp_path).start(exitcode=status).save(tmp_path)
    (run,) = write_config(tmp_path).runs
    assert (run.exitcode, run.signal) == ends


def test_odd_entries_of_an_environment_do_no_harm(tmp_path):
    trace = Trace(tmp_path).start(environ=(b"A=1", b"A=2", b"odd", b"=x", b"B=\xff=", b"C="))
    trace.save(tmp_path)
    write_config(tmp_path)
    (run,) = read_config(tmp_path / "config.yml").runs
    assert run.environ == {"A": "1", "B": "\udcff=", "C": ""}


def test_the_first_program_of_each_run_is_the_one_described(tmp_path):
    trace = Trace(tmp_path).start("a", binary="/bin/a").start("b", binary="/bin/b")
    trace.save(tmp_path)
    runs = write_config(tmp_path).runs
    assert [(run.id, run.binary, run.argv) for run in runs] == [
        ("run0", PosixPath("/bin/a"), ("a",)),
        ("run1", PosixPath("/bin/b"), ("b",)),
    ]


def test_what_is_taken_out_is_not_packed_and_told(traced):
    edit(traced, other_files=())
    report, names = packed(traced)
    assert names == {}
    assert os.fsencode(traced / "data.csv") in report.unlisted


def test_what_is_added_is_packed_with_its_folders(traced):
    (traced / "more").mkdir()
    (traced / "more" / "x").touch()
    edit(traced, other_files=(*others(traced), path_in(traced, "more/x")))
    assert set(packed(traced)[1]) == {"data.csv", "more", "more/x"}


def test_what_is_added_through_a_link_is_packed_where_it_is(traced):
    (traced / "real").mkdir()
    (traced / "real" / "x").touch()
    (traced / "link").symlink_to("real")
    edit(traced, other_files=(path_in(traced, "link/x"),))
    names = packed(traced)[1]
    assert set(names) == {"link", "real", "real/x"}
    assert names["link"].issym()


def test_a_package_is_left_out_when_told(traced):
    config = read_config(traced / ".rpz-trace" / "config.yml")
    package = Package("p", "1", (path_in(traced, "data.csv"),), packfiles=False)
    edit(traced, other_files=config.other_files[:-1], packages=(package,))
    report, names = packed(traced)
    assert names == {}
    assert report.packages == 0


def test_patterns_are_carried_out_and_gone_from_the_pack(traced):
    for name in ("d/a.txt", "d/e/b.txt", "d/c.csv"):
        (traced / name).parent.mkdir(parents=True, exist_ok=True)
        (traced / name).touch()
    edit(traced, additional_patterns=(f"{traced}/d/*.txt", f"{traced}/d/**/*.txt", "/nowhere/*"))
    report, names = packed(traced)
    assert {"d/a.txt", "d/e/b.txt"} <= set(names)
    assert "d/c.csv" not in names
    assert report.idle_patterns == ("/nowhere/*",)
    with Pack.open(report.path) as opened:
        assert opened.config.additional_patterns == ()
        assert path_in(traced, "d/a.txt") in opened.config.other_files


def test_a_renamed_input_is_packed_under_its_old_name(tmp_path):
    (tmp_path / "new").write_text("content")
    trace = Trace(tmp_path).start().rename(tmp_path / "old", tmp_path / "new")
    trace.save(tmp_path / ".rpz-trace")
    write_config(tmp_path / ".rpz-trace")
    report = pack(tmp_path / ".rpz-trace", tmp_path / "p.rpz")
    with Pack.open(report.path) as opened, opened.data() as tar:
        names = {info.name: tar.extractfile(info) and tar.extractfile(info).read() for info in tar}
    assert names[f"DATA{tmp_path}/old"] == b"content"
    assert f"DATA{tmp_path}/new" not in names


def test_what_is_excluded_is_not_packed_whatever_lists_it(traced):
    """Patterns that exclude win over the list, over packages and over patterns that add."""
    for name in ("a.log", "b.txt"):
        (traced / name).touch()
    package = Package("p", "1", (path_in(traced, "out.csv"),))
    config = {"packages": (package,), "additional_patterns": (f"{traced}/*.*t", f"{traced}/a*")}
    edit(traced, **config, excluded_patterns=(f"{traced}/*.[cl]*", "/nowhere/**"))
    report, names = packed(traced)
    assert set(names) == {"b.txt"}
    excluded = [Path(os.fsdecode(path)).name for path in report.excluded]
    assert excluded == ["a.log", "data.csv", "out.csv"]
    assert (report.idle_patterns, report.unlisted) == (("/nowhere/**",), ())
    with Pack.open(report.path) as opened:
        assert opened.config.excluded_patterns == opened.config.additional_patterns == ()
        listed = {*opened.config.other_files, *opened.config.packages[0].files}
        assert path_in(traced, "b.txt") in listed
        assert not listed & {path_in(traced, name) for name in ("a.log", "data.csv", "out.csv")}


def test_what_can_not_be_read_is_left_out_when_told(traced, monkeypatch):
    gone, secret, pipe = (path_in(traced, n) for n in ("gone\udcff", "secret", "pipe"))
    Path(os.fsdecode(bytes(secret))).touch()
    os.mkfifo(bytes(pipe))
    edit(traced, other_files=(*others(traced), gone, secret, pipe))
    readable = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: p != bytes(secret) and readable(p, mode))
    with pytest.raises(PackError) as caught:
        packed(traced)
    said = caught.value.message.encode("utf-8", "surrogateescape")
    for path, why in ((gone, b"no longer there"), (secret, b"not readable"), (pipe, b"a device")):
        assert b"%b (%b" % (bytes(path), why) in said
    report, names = packed(traced, leave_out_missing=True)
    assert set(names) == {"data.csv"}
    assert [item.path for item in report.left_out] == [bytes(p) for p in (gone, secret, pipe)]
    with Pack.open(report.path) as opened:  # reprounzip looks for all that is listed
        assert not set(opened.config.other_files) & {gone, secret, pipe}


def test_what_vanished_stops_it_and_leaves_nothing(traced):
    (traced / "data.csv").unlink()
    with pytest.raises(PackError, match=r"data\.csv \(no longer there\)"):
        packed(traced)
    assert [p.name for p in traced.parent.iterdir()] == ["w"]


def test_a_target_that_exists_is_kept(traced):
    (traced.parent / "p.rpz").write_text("mine")
    with pytest.raises(PackError, match="--overwrite"):
        packed(traced)
    assert (traced.parent / "p.rpz").read_text() == "mine"
    packed(traced, overwrite=True)


def test_a_failure_keeps_the_target_that_was_to_be_replaced(traced):
    (traced.parent / "p.rpz").write_text("mine")
    (traced / "data.csv").unlink()
    with pytest.raises(PackError):
        packed(traced, overwrite=True)
    assert (traced.parent / "p.rpz").read_text() == "mine"


def test_packing_twice_gives_the_same(traced):
    first = packed(traced)[0].path.read_bytes()
    assert packed(traced, overwrite=True)[0].path.read_bytes() == first


def test_the_name_gets_a_suffix():
    assert target_path(Path("a/b")) == Path("a/b.rpz")
    assert target_path(Path("a/b.rpz")) == Path("a/b.rpz")


def test_reset_keeps_what_was_edited(traced):
    folder = traced / ".rpz-trace"
    before = (folder / "config.yml").read_text()
    (folder / "config.yml").write_text("edited")
    assert reset_config(folder) == folder / "config.yml.old"
    assert (folder / "config.yml").read_text() == before
    assert (folder / "config.yml.old").read_text() == "edited"


def test_no_kept_config_is_ever_replaced(traced):
    folder = traced / ".rpz-trace"
    for number in range(3):
        (folder / "config.yml").write_text(f"edit {number}")
        kept = reset_config(folder)
        assert kept is not None
        assert kept.name == ("config.yml.old" if number == 0 else f"config.yml.old.{number + 1}")
    assert [path.read_text() for path in sorted(folder.glob("config.yml.old*"))] == [
        f"edit {number}" for number in range(3)
    ]
    assert reset_config(folder) is None  # nothing was edited


def test_a_missing_trace_is_told(tmp_path):
    with pytest.raises(TraceDatabaseError, match="rpz trace"):
        write_config(tmp_path)


def test_a_missing_config_is_told(traced):
    (traced / ".rpz-trace" / "config.yml").unlink()
    with pytest.raises(ConfigError, match="rpz reset"):
        packed(traced)
