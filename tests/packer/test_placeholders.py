"""What a replay must list, though no run has opened it."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from rpz.packer.archive.reader import Pack
from rpz.packer.config.reader import read_config
from rpz.packer.config.writer import config_text
from rpz.packer.configure import write_config
from rpz.packer.history import history
from rpz.packer.listings import Listings
from rpz.packer.pack import pack
from tests.packer.traces import Trace


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "w"
    made.mkdir()
    (made / "read").write_text("read")
    (made / "unread").write_text("unread")
    (made / "sub" / "below").mkdir(parents=True)
    (made / "link").symlink_to("read")
    return made


def listed(trace):
    """The names below the folder that were there before the runs."""
    with trace.open() as database:
        listings = Listings()
        history(database, listings)
    prefix = os.fsencode(trace.folder) + b"/"
    return {os.fsdecode(path.removeprefix(prefix)) for path in listings.letters}


def packed(trace, **options):
    """Pack; return the report, and the members below the folder with their content."""
    trace.save(trace.folder / ".rpz-trace")
    write_config(trace.folder / ".rpz-trace")
    report = pack(trace.folder / ".rpz-trace", trace.folder.parent / "p.rpz", **options)
    prefix = f"DATA{trace.folder}/"
    with Pack.open(report.path) as opened, opened.data() as tar:
        members = {info.name: (info, info.isreg() and tar.extractfile(info).read()) for info in tar}
    return report, {
        name.removeprefix(prefix): found
        for name, found in members.items()
        if name.startswith(prefix)
    }


ENTRIES = ("fread", "funread", "dsub", "llink")


def test_what_was_never_opened_gets_a_stand_in(folder):
    trace = Trace(folder).start().list(folder, *ENTRIES).read(folder / "read")
    report, members = packed(trace)
    assert set(members) == {"read", "unread", "sub", "link"}
    assert members["read"][1] == b"read"
    assert members["unread"][1] == b""
    assert members["unread"][0].mode == 0
    assert members["sub"][0].isdir()
    assert members["link"][0].linkname == "read"
    with Pack.open(report.path) as opened, opened.extension("rpz/placeholders.jsonl.gz") as file:
        lines = [json.loads(line) for line in gzip.decompress(file.read()).splitlines()]
    assert lines == [
        {"path": f"{folder}/link", "type": "link", "size": None},
        {"path": f"{folder}/sub", "type": "folder", "size": None},
        {"path": f"{folder}/unread", "type": "file", "size": 6},
    ]


def test_nobody_is_made_to_have_them(folder):
    trace = Trace(folder).start().list(folder, *ENTRIES).read(folder / "read")
    report, members = packed(trace, placeholders=False)
    assert set(members) == {"read"}
    with Pack.open(report.path) as opened:
        assert opened.extension("rpz/placeholders.jsonl.gz") is None


def test_what_the_run_makes_and_removes_gets_none(folder):
    trace = Trace(folder).start().create(folder / "made").remove(folder / "unread")
    trace.list(folder, "fmade", "fread")
    assert listed(trace) == {"read"}


def test_a_listing_is_what_it_was_then(folder):
    trace = Trace(folder).start().list(folder, "fold", "fread").rename(folder / "old", folder / "x")
    trace.list(folder, "fx", "fread").create(folder / "new").list(folder, "fx", "fread", "fnew")
    assert listed(trace) == {"old", "read"}


def test_what_lay_in_a_renamed_folder_is_where_it_was(folder):
    trace = Trace(folder).start().rename(folder / "old", folder / "new")
    trace.list(folder / "new", "fa", "db")
    assert listed(trace) == {"old/a", "old/b"}


def test_what_an_earlier_run_made_gets_none(folder):
    trace = Trace(folder).start().create(folder / "out").start().list(folder, "fout", "fread")
    assert listed(trace) == {"read"}


def test_what_is_overwritten_later_can_be(folder):
    (folder / "unread").chmod(0o640)
    trace = Trace(folder).start().list(folder, *ENTRIES).truncate(folder / "unread")
    _, members = packed(trace)
    assert (members["unread"][0].mode, members["unread"][1]) == (0o640, b"")


def test_what_can_not_be_made_up_is_told(folder):
    os.mkfifo(folder / "pipe")
    trace = Trace(folder).start().list(folder, "ppipe", "ssocket", "lgone", "?read", "?sub", "?x")
    report, members = packed(trace)
    assert set(members) == {"read", "sub", "x"}
    names = [path.rpartition(b"/")[2] for path in report.placeholders.lost]
    assert names == [b"gone", b"pipe", b"socket"]


def test_what_was_taken_out_stays_out(folder):
    trace = Trace(folder).start().list(folder, *ENTRIES).read(folder / "read")
    trace.save(folder / ".rpz-trace")
    path = folder / ".rpz-trace" / "config.yml"
    write_config(path.parent)
    text = [x for x in path.read_text().splitlines() if not x.startswith(f'  - "{folder}/read"')]
    path.write_text("\n".join(text))
    report = pack(path.parent, folder.parent / "p.rpz")
    with Pack.open(report.path) as opened, opened.data() as tar:
        names = [info.name for info in tar]
    assert f"DATA{folder}/unread" in names
    assert f"DATA{folder}/read" not in names


def test_too_many_are_left_and_told(folder):
    trace = Trace(folder).start().list(folder, *(f"f{n}" for n in range(10_001)))
    trace.list(folder / "sub", "dbelow", "fx")
    report, members = packed(trace)
    assert report.placeholders.left == ((os.fsencode(folder), 10_001),)
    assert set(members) == {"sub", "sub/below", "sub/x"}


def test_there_are_not_too_many_in_all(folder):
    listings = Listings(max_total=3)
    trace = Trace(folder).start().list(folder, "fa", "fb").list(folder / "sub", "fc", "fd")
    with trace.open() as database:
        history(database, listings)
    assert (len(listings.letters), len(listings.left)) == (2, 1)


def test_the_config_does_not_list_them(folder):
    trace = Trace(folder).start().list(folder, *ENTRIES)
    report, _ = packed(trace)
    with Pack.open(report.path) as opened:
        assert "unread" not in config_text(opened.config)
    assert "unread" not in config_text(read_config(folder / ".rpz-trace" / "config.yml"))
