"""Whatever a file is called and holds, it comes back."""

from __future__ import annotations

import os
import shutil
import stat

from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.packer.archive.check import check
from rpz.packer.archive.codecs import CODECS
from rpz.packer.archive.contents import contents
from rpz.packer.archive.manifest import EntryKind
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.writer import Content, write_archive
from tests.packer.archive.conftest import make_trace, members_of
from tests.packer.config.test_reader import GOOD

NAMES = st.binary(min_size=1, max_size=120).filter(
    lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
)
FILES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["file", "link", "hard", "sparse", "folder"]),
        "content": st.binary(max_size=3000),
        "mode": st.integers(0o400, 0o7777).map(lambda mode: mode | 0o400),
        "mtime": st.integers(-(2**31) * 10**9, 2**33 * 10**9),
        "hole": st.integers(1 << 20, 1 << 33),
    }
)


def make(folder, name, about):
    path = os.path.join(os.fsencode(folder), name)
    if about["kind"] == "folder":
        os.mkdir(path)
    elif about["kind"] == "link":
        os.symlink(about["content"].replace(b"\0", b"") or b"x", path)
    else:
        with open(path, "wb") as file:
            if about["kind"] == "sparse":
                file.seek(about["hole"])
            file.write(about["content"])
            file.truncate()
        os.chmod(path, about["mode"])
        if about["kind"] == "hard":
            os.link(path, path + b"2" if len(path) < 4000 else path)
    os.utime(path, ns=(about["mtime"], about["mtime"]), follow_symlinks=False)


def seen(entry, pieces):
    digest = {offset: data for offset, data in pieces if data.strip(b"\0")}
    return (entry.kind, entry.size, b"".join(digest.values()).strip(b"\0"), entry.target)


@settings(deadline=None, max_examples=60)
@given(
    names=st.dictionaries(NAMES, FILES, max_size=6),
    key=st.sampled_from(list(CODECS)),
)
def test_anything_comes_back(tmp_path_factory, names, key):
    top = tmp_path_factory.mktemp("any")
    folder = top / "w"
    folder.mkdir()
    for name, about in names.items():
        if not os.path.lexists(os.path.join(os.fsencode(folder), name)):
            make(folder, name, about)
    make_trace(top / "trace.sqlite3")
    content = Content(
        members_of(folder),
        top / "trace.sqlite3",
        lambda pack_id: f'pack_id: "{pack_id}"\n{GOOD}',
        {},
        CODECS[key],
    )
    write_archive(top / "p.rpz", content, lambda _count: None)
    with Pack.open(top / "p.rpz") as pack:
        assert check(pack, lambda _count: None).faults == []
        below = os.fsencode(folder) + b"/"
        by_index = {e.path: (e, seen(e, p)) for e, p in contents(pack, lambda _entry: True)}
        pack.index = None  # as if there were none
        by_pass = {e.path: seen(e, p) for e, p in contents(pack, lambda _entry: True)}
    assert {path: what for path, (_, what) in by_index.items()} == by_pass
    paths = {path for path in by_index if path.startswith(below)}
    assert paths == {below + name for name in os.listdir(os.fsencode(folder))}
    for path in paths:
        entry, (kind, size, text, target) = by_index[path]
        found = os.lstat(path)
        if kind is EntryKind.FILE:
            assert size == found.st_size
            with open(path, "rb") as file:
                file.seek(max(0, size - 3000))
                assert file.read().strip(b"\0").endswith(text[-2000:])
        if kind is EntryKind.SYMLINK:
            assert target == os.readlink(path)
        else:
            assert entry.mode == stat.S_IMODE(found.st_mode)
        if kind is not EntryKind.HARDLINK:
            assert entry.mtime == found.st_mtime_ns
    shutil.rmtree(top)
