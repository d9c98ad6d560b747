"""What unpack refuses, and what a manifest says otherwise than the data, is not sound."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from rpz.packer.archive.check import check
from rpz.packer.archive.reader import Pack
from rpz.unpackers.agreement import disagreements
from tests.packer.archive.conftest import files, make_pack
from tests.packer.archive.stranger import Stranger
from tests.unpackers import packs
from tests.unpackers.test_extract import HOSTILE

assert files
assert make_pack

MANIFEST, INDEX = "EXTENSIONS/rpz/manifest.jsonl.gz", "EXTENSIONS/rpz/index.jsonl"


def faults(path):
    with Pack.open(path) as pack:
        assert check(pack, lambda _count: None).faults == []
        return list(disagreements(pack))


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_what_unpack_refuses_is_told(tmp_path, members):
    path = tmp_path / "x.rpz"
    packs.write_pack(path, packs.config(("status", "0")), packs.data_tar(members))
    (fault,) = faults(path)
    assert fault.path is None
    assert fault.what.startswith("the packed files (")


@pytest.mark.parametrize("key", ["gzip", "zstd", "none"])
def test_a_pack_of_ours_agrees(make_pack, key):
    assert faults(make_pack(key)) == []


def with_manifest(path, change):
    """Write a pack anew with another manifest, all digests as they should be."""
    members = Stranger(path).members
    lines = [json.loads(line) for line in gzip.decompress(members[MANIFEST]).splitlines()]
    lines = change(lines) or lines
    members[MANIFEST] = gzip.compress(b"".join(json.dumps(x).encode() + b"\n" for x in lines))
    index = json.loads(members[INDEX].splitlines()[0])
    digest = hashlib.sha256(members[MANIFEST]).hexdigest()
    index["parts"][MANIFEST] |= {"size": len(members[MANIFEST]), "sha256": digest}
    index["members"] = len(lines)
    first = json.dumps(index).encode() + b"\n"
    digest = hashlib.sha256(first).hexdigest()
    members[INDEX] = first + json.dumps({"sha256": digest}).encode() + b"\n"
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def of_type(lines, kind):
    return next(line for line in lines if line["type"] == kind and line["path"] != "/")


def folder_as_link(lines):
    of_type(lines, "folder").update(type="symlink", target="elsewhere")


def link_elsewhere(lines):
    of_type(lines, "symlink")["target"] = "/etc/passwd"


def file_as_hard_link(lines):
    empty = next(line for line in lines if line["path"].endswith("/empty"))
    empty.update(type="hardlink", target=of_type(lines, "hardlink")["target"])
    for key in ("size", "sha256", "content"):
        del empty[key]


def set_user_id(lines):
    of_type(lines, "file")["mode"] = 0o4755


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (folder_as_link, "type, target"),
        (link_elsewhere, "target"),
        (file_as_hard_link, "type, target"),
        (set_user_id, "mode"),
    ],
)
def test_what_the_manifest_says_otherwise_is_told(make_pack, change, words):
    (fault,) = faults(with_manifest(make_pack(), change))
    assert fault.path is not None
    assert fault.what == f"{words} in the manifest and in the data differ"


def test_what_the_manifest_leaves_out_is_told(make_pack):
    path = with_manifest(
        make_pack(), lambda lines: [x for x in lines if not x["path"].endswith("/empty")]
    )
    (fault,) = faults(path)
    assert fault.what.startswith(f"{MANIFEST}: where the data have /")
    path = with_manifest(path, lambda lines: lines[:-1])
    assert len(faults(path)) == 1


def test_check_tells_it(rpz, make_pack, tmp_path):
    make_pack()
    assert rpz("check", "p.rpz").returncode == 0
    with_manifest(tmp_path / "p.rpz", link_elsewhere)
    done = rpz("check", "p.rpz")
    assert done.returncode == 1
    told = f"Damaged: {tmp_path}/w/link: target in the manifest and in the data differ\n"
    assert done.stdout.decode() == told
    (fault,) = json.loads(rpz("check", "--json", "p.rpz").stdout)["damaged"]
    assert fault["why"] == "target in the manifest and in the data differ"
