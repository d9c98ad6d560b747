"""Every form of the archive is read alike: by what lists, checks and takes out, too."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pytest

from rpz.errors import RpzError
from rpz.packer.archive.bulk import bulk
from rpz.packer.archive.check import check
from rpz.packer.archive.contents import contents
from rpz.packer.archive.globs import fitting
from rpz.packer.archive.manifest import EntryKind
from rpz.packer.archive.reader import Pack
from rpz.unpackers.parallel import unpack_files
from tests.packer.archive.conftest import read_tree
from tests.packer.archive.stranger import Stranger
from tests.packer.archive.test_archive import add

INDEX, MANIFEST = "EXTENSIONS/rpz/index.jsonl", "EXTENSIONS/rpz/manifest.jsonl.gz"


def plain(members):
    """The members that ReproZip writes, too."""
    return {n: m for n, m in members.items() if not n.startswith("EXTENSIONS/rpz/")}


def tarred(members, outer=lambda data: data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members.items():
            add(tar, name, content)
    return outer(out.getvalue())


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def version_1(members, tar):
    """ReproZip's first format: everything in one compressed tar, the files after the metadata."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=out, mode="w:gz", errors="surrogateescape") as new,
        tarfile.open(fileobj=io.BytesIO(tar), errors="surrogateescape") as old,
    ):
        add(new, "METADATA/version", b"REPROZIP VERSION 1\n")
        for name in ("METADATA/trace.sqlite3", "METADATA/config.yml"):
            add(new, name, members[name])
        for info in old:
            file = old.extractfile(info) if info.isreg() else None
            if info.issparse():
                info.type, info.sparse = tarfile.REGTYPE, None
            new.addfile(info, file)
    return out.getvalue()


def with_data(members, data):
    return {**plain(members), "DATA.tar.gz": data}


FORMS = {
    "of-an-older-rpz": lambda members, _tar: tarred(plain(members)),
    "of-gzip-level-9": lambda members, tar: tarred(with_data(members, gzip.compress(tar, 9))),
    "of-xz": lambda members, tar: tarred(with_data(members, lzma.compress(tar, preset=0))),
    "of-bzip2": lambda members, tar: tarred(with_data(members, bz2.compress(tar))),
    "of-no-compression": lambda members, tar: tarred(with_data(members, tar)),
    "outer-gzip": lambda members, _tar: tarred(members, gzip.compress),
    "outer-xz": lambda members, _tar: tarred(plain(members), lambda d: lzma.compress(d, preset=0)),
    "other-order": lambda members, _tar: tarred(dict(reversed(members.items()))),
    "zip": lambda members, _tar: zipped(plain(members)),
    "zip-with-index": lambda members, _tar: zipped(members),
    "zipped-trace": lambda members, _tar: tarred(
        {
            "METADATA/trace.sqlite3.gz": gzip.compress(members["METADATA/trace.sqlite3"]),
            **{n: m for n, m in plain(members).items() if n != "METADATA/trace.sqlite3"},
        }
    ),
    "version-1": version_1,
    "version-1-plain": lambda members, tar: gzip.decompress(version_1(members, tar)),
}


@pytest.fixture(params=[*FORMS, "gzip", "zstd", "none"])
def any_pack(request, make_pack, tmp_path):
    if request.param in ("gzip", "zstd", "none"):
        return make_pack(request.param)
    stranger = Stranger(make_pack())
    path = tmp_path / "form.rpz"
    path.write_bytes(FORMS[request.param](stranger.members, stranger.tar()))
    return path


def test_any_form_is_unpacked_alike(any_pack, files, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    with Pack.open(any_pack) as pack:
        unpack_files(pack, root)
    expected = read_tree(files)
    found = read_tree(root / str(files)[1:])
    dropped = 0 if os.geteuid() == 0 else 0o6000
    expected = {
        name: (content, mode & ~dropped, time) for name, (content, mode, time) in expected.items()
    }
    assert found == expected


def test_any_form_is_listed_and_told_of(any_pack, files):
    with Pack.open(any_pack) as pack:
        assert pack.config.runs[0].argv == ("cat", "a")
        summary = pack.summary()
        entries = {entry.path: entry for entry in pack.entries()}
        found = bulk(pack.entries(), pack.config)
        names = [e.path for e in fitting(pack.entries(), "/**/er/*")]
    assert (summary.files, summary.links) == (6, 1)
    assert entries[os.fsencode(files / "big")].size == 3_000_000
    hard = entries[os.fsencode(files / "text")], entries[os.fsencode(files / "second")]
    assert {entry.kind for entry in hard} == {EntryKind.FILE, EntryKind.HARDLINK}
    assert found.largest[0][0] >= 3_000_000
    assert [os.path.dirname(name) for name in names] == [os.fsencode(files / "deep/er")]


def test_any_form_is_checked(any_pack):
    with Pack.open(any_pack) as pack:
        verdict = check(pack, lambda _count: None)
    assert verdict.faults == []
    assert bool(verdict.unchecked) == (pack.index is None)


def test_any_form_gives_single_files(any_pack, files):
    wanted = {os.fsencode(files / name) for name in ("big", "holes", "empty")}
    with Pack.open(any_pack) as pack:
        for entry, pieces in contents(pack, lambda entry: entry.path in wanted):
            content = bytearray(entry.size)
            for offset, data in pieces:
                content[offset : offset + len(data)] = data
            with open(entry.path, "rb") as file:
                assert content == file.read()
            wanted.remove(entry.path)
    assert wanted == set()


def test_only_what_is_wanted_is_read(make_pack, files, monkeypatch):
    with Pack.open(make_pack()) as pack:
        monkeypatch.setattr(type(pack), "_stream", None)  # a pass over all of it would use it
        wanted = os.fsencode(files / "empty")
        ((entry, pieces),) = contents(pack, lambda entry: entry.path == wanted)
        assert list(pieces) == []
        assert entry.size == 0


@pytest.mark.parametrize("name", ["METADATA/version", "METADATA/config.yml"])
def test_a_zip_without_what_is_needed_is_told(make_pack, tmp_path, name):
    members = plain(Stranger(make_pack()).members)
    del members[name]
    (tmp_path / "x.rpz").write_bytes(zipped(members))
    with pytest.raises(RpzError, match="damaged"):
        Pack.open(tmp_path / "x.rpz")


def test_a_zip_that_is_cut_is_told(make_pack, tmp_path):
    whole = zipped(Stranger(make_pack()).members)
    for length in (5, 1000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "x.rpz").write_bytes(whole[:length])
        with pytest.raises(RpzError, match="damaged or cut short"):
            Pack.open(tmp_path / "x.rpz")
