"""A trace, a config and files to make packs of."""

from __future__ import annotations

import os
import sqlite3

import pytest

from rpz.packer.archive.codecs import CODECS
from rpz.packer.archive.members import Member, Members
from rpz.packer.archive.writer import Content, write_archive
from rpz.packer.select import Kind
from tests.packer.config.test_reader import GOOD

ODD = os.fsdecode(b"odd \xff\n'\" name")


@pytest.fixture
def files(tmp_path):
    """Files of all kinds: large, empty, linked twice, with holes, oddly named, of odd modes."""
    folder = tmp_path / "w"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "big").write_bytes(os.urandom(3_000_000))
    (folder / "text").write_bytes(b"a line of text\n" * 200_000)
    (folder / "empty").touch()
    (folder / "deep" / "er" / ODD).write_bytes(b"odd")
    (folder / "deep" / "er" / ODD).chmod(0o4711)
    (folder / "second").hardlink_to(folder / "text")
    (folder / "link").symlink_to("deep/er")
    with (folder / "holes").open("wb") as file:
        for place in range(30):
            file.seek(place * (2 << 20))
            file.write(b"%d" % place * 1000)
        file.truncate(80 << 20)
    return folder


def members_of(folder):
    """All that is in a folder, as members."""
    members = {}
    for top, folders, names in os.walk(os.fsencode(folder)):
        for name in (*folders, *names):
            path = os.path.join(top, name)
            if os.path.islink(path):
                members[path] = Member(path, Kind.LINK, path, os.readlink(path))
            else:
                kind = Kind.FOLDER if os.path.isdir(path) else Kind.FILE
                members[path] = Member(path, kind, path)
    complete = Members(members.values())
    complete.add_parents()
    return list(complete)


def make_trace(path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE processes (id INTEGER)")
    database.commit()
    database.close()


@pytest.fixture
def make_pack(tmp_path, files):
    """Pack the files, compressed as asked for."""

    def make(key="gzip", name="p.rpz"):
        trace = tmp_path / "trace.sqlite3"
        if not trace.exists():
            make_trace(trace)
        content = Content(
            members_of(files),
            trace,
            lambda pack_id: f'pack_id: "{pack_id}"\n{GOOD}',
            {},
            CODECS[key],
        )
        write_archive(tmp_path / name, content, lambda _count: None)
        return tmp_path / name

    return make


def read_tree(folder):
    """What a person can see of files: their content, kind, mode, time."""
    seen = {}
    for top, folders, names in os.walk(os.fsencode(folder)):
        for name in (*folders, *names):
            path = os.path.join(top, name)
            found = os.lstat(path)
            content = None
            if os.path.islink(path):
                content = os.readlink(path)
            elif not os.path.isdir(path):
                with open(path, "rb") as file:
                    content = file.read()
            key = os.path.relpath(path, os.fsencode(folder))
            seen[key] = (content, found.st_mode & 0o170777, found.st_mtime_ns)
    return seen
