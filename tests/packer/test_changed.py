"""Files that somebody has changed between the trace and the packing."""

from __future__ import annotations

import os
import time

import pytest

from rpz.packer.archive.format import PackError
from rpz.packer.archive.reader import Pack
from rpz.packer.configure import write_config
from rpz.packer.pack import pack
from tests.packer.traces import Trace


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data"
    path.write_text("as it was")
    return path


def packed(trace, **options):
    folder = trace.folder / ".rpz-trace"
    trace.save(folder)
    write_config(folder)
    return pack(folder, trace.folder / "p.rpz", overwrite=True, **options)


def content_of(report):
    with Pack.open(report.path) as opened, opened.data() as tar:
        return {i.name.rpartition("/")[2]: tar.extractfile(i).read() for i in tar if i.isreg()}


@pytest.mark.parametrize("content", ["another size", "as it isn"])
def test_a_change_of_content_is_refused_and_named(data, content):
    trace = Trace(data.parent).start().read(data).digest(data)
    data.write_text(content)
    with pytest.raises(PackError, match=r"Changed since the runs were traced: .*/data") as caught:
        packed(trace)
    assert "--allow-changed" in caught.value.remedy
    report = packed(trace, allow_changed=True)
    assert report.changed_since.since == (os.fsencode(data),)
    assert content_of(report) == {"data": content.encode()}


def test_the_same_content_is_no_change(data):
    trace = Trace(data.parent).start().read(data).digest(data, modified=1)
    assert packed(trace).changed_since.since == ()


def test_size_and_time_are_enough(data, monkeypatch):
    trace = Trace(data.parent).start().read(data).digest(data)
    monkeypatch.setattr("rpz.packer.changed.sha256_of", None)
    assert packed(trace).changed_since.since == ()


def test_a_change_that_size_and_time_hide_is_seen_when_it_is_packed(data):
    trace = Trace(data.parent).start().read(data).digest(data)
    before = data.stat()
    data.write_text("as it isn")
    os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(PackError, match=r"Changed since the runs were traced: .*/data"):
        packed(trace)
    report = packed(trace, allow_changed=True)
    assert report.changed_since.since == (os.fsencode(data),)
    assert content_of(report) == {"data": b"as it isn"}


def test_what_the_config_leaves_out_may_change(data):
    trace = Trace(data.parent).start().read(data).digest(data)
    folder = data.parent / ".rpz-trace"
    trace.save(folder)
    write_config(folder)
    data.write_text("changed")
    config = folder / "config.yml"
    config.write_text(config.read_text().replace(f'  - "{data}"', f'  # - "{data}"'))
    assert pack(folder, data.parent / "p.rpz").summary.files == 0


def test_outputs_and_what_a_run_has_changed_may_change(data):
    out = data.parent / "out"
    out.write_text("of the run")
    trace = Trace(data.parent).start().read(data).digest(data).create(out)
    trace.keep(data, "as it was").truncate(data)
    data.write_text("by the run")
    out.write_text("later")
    assert content_of(packed(trace)) == {"data": b"as it was"}


def test_what_a_later_run_has_changed_is_as_it_was(data):
    trace = Trace(data.parent).start().read(data).digest(data)
    trace.start().keep(data, "as it was").append(data)
    data.write_text("as it was, and more")
    assert content_of(packed(trace)) == {"data": b"as it was"}


def test_without_digests_the_time_tells(data):
    trace = Trace(data.parent).start(ended=time.time_ns() + 10**9).read(data)
    assert packed(trace).changed_since.since == ()
    trace = (
        Trace(data.parent).start(ended=data.stat().st_mtime_ns - 1).read(data).stat("/etc/passwd")
    )
    with pytest.raises(PackError, match="/data"):
        packed(trace)


def test_what_an_earlier_run_read_otherwise_is_told(data):
    trace = Trace(data.parent).start().read(data).digest(data, b"before", modified=1)
    trace.start().read(data).digest(data)
    report = packed(trace)
    assert report.changed_since.between == (os.fsencode(data),)
    assert report.changed_since.since == ()


def test_many_are_counted(data):
    trace = Trace(data.parent).start()
    for number in range(7):
        path = data.parent / f"f{number}"
        path.write_text("x")
        trace.read(path).digest(path)
        path.write_text("changed")
    with pytest.raises(PackError, match="and 2 more"):
        packed(trace)
