"""What packages say of themselves is other people's: whatever it is, it is no error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rpz.packer import packages
from rpz.packer.packages import apk, contents_of, dpkg, packages_of, pacman, rpm
from tests.packer.packages.layout import lay

PLACES = {
    "pip": "site-packages/x-1.dist-info/RECORD",
    "pip's metadata": "site-packages/x-1.dist-info/METADATA",
    "pip's origin": "site-packages/x-1.dist-info/direct_url.json",
    "an older tool": "site-packages/x-1.egg-info/PKG-INFO",
    "an older tool's list": "site-packages/x-1.egg-info/SOURCES.txt",
    "conda": "env/conda-meta/x.json",
    "r": "lib/x/DESCRIPTION",
    "julia": "packages/X/abcde/Project.toml",
    "npm": "node_modules/x/package.json",
    "spack": "x/.spack/spec.json",
    "jar": "x.jar",
    "python": "include/python3.12/patchlevel.h",
    "git": "tree/.git/config",
}
BESIDE = {
    "site-packages/x.py": "", "site-packages/x-1.dist-info/RECORD": "x.py,,1\n",
    "site-packages/x-1.egg-info/PKG-INFO": "Name: x\n", "env/bin/x": "",
    "lib/x/Meta/package.rds": "",
    "packages/X/abcde/x.jl": "", "node_modules/x/x.js": "", "x/lib/x.so": "",
    "lib/python3.12/os.py": "", "tree/.git/HEAD": "ref: refs/heads/main\n", "tree/x": "",
}  # fmt: skip

KEYS = st.sampled_from(
    ("name", "version", "files", "paths_data", "paths", "url", "dir_info", "editable", "vcs_info",
     "commit_id", "spec", "nodes", "hash", "channel", "archive_info"),
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
TEXTS = st.sampled_from(
    (b"", b"\0", b"\xff\xfe", b"x.py,sha256=a,\xc2\xb2\n", b'"', b"Name: \xff\nVersion: \xff\n",
     b"Package: x\nVersion: 1\nBuilt: \xff\n", b"[" * 100_000, b"a=" + b"[" * 5000, b"{}", b"[]",
     b'{"name": "\\ud800", "version": 1}', b'{"url": "http://[", "dir_info": {"editable": true}}',
     b'{"url": "file:///%00%ff", "dir_info": {"editable": true}}', b'[remote "o"]\n\turl = https://[\n',
     b'{"name": "x", "version": "1", "files": ["\\ud800", "\\u0000", "bin/x"]}'),
)  # fmt: skip


def json_bytes(value):
    return json.dumps(value).encode()


@pytest.fixture(autouse=True, scope="module")
def _without_the_machines_packages():
    """Leave out what takes its time and reads nothing of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        others = tuple(m for m in packages.MANAGERS if m not in (dpkg, rpm))
        patch.setattr(packages, "MANAGERS", others)
        yield


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@settings(deadline=None, max_examples=15)
@given(content=st.one_of(TEXTS, VALUES.map(json_bytes), st.binary(max_size=40)))
@example(content=b'{"spec":{"nodes":" "}}')
def test_nothing_that_is_said_is_an_error(place, content):
    folder = Path(tempfile.mkdtemp())
    try:
        lay(folder, BESIDE)
        lay(folder, {place: content})
        names = [name for name in (*BESIDE, place) if name != "tree/x" or ".git" in place]
        paths = [os.fsencode(folder / name) for name in names]
        for _ in contents_of(packages_of(paths)):
            pass
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_pipe_is_waited_for(tmp_path, place):
    lay(tmp_path, BESIDE)
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).unlink(missing_ok=True)
    os.mkfifo(tmp_path / place)
    signal.alarm(20)  # which ends it, where it would wait for ever
    try:
        for _ in contents_of(
            packages_of([os.fsencode(tmp_path / name) for name in (*BESIDE, place)])
        ):
            pass
    finally:
        signal.alarm(0)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=60) | TEXTS)
def test_no_database_of_a_distribution_is_an_error(content):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay(folder, {"x-1/files": b"%FILES%\na\n" + content, "x-1/desc": content})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pacman, "DATABASE", os.fsencode(folder))
            patch.setattr(apk, "DATABASES", (str(folder / "x-1/desc"),))
            for manager in (pacman, apk):
                list(manager.contents(manager.owners([b"/a", b"/", b""])))


def test_an_archive_that_is_cut_short(tmp_path):
    path = tmp_path / "x.jar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/maven/g/a/pom.properties", "groupId=g\n" * 1000)
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    assert packages_of([os.fsencode(path)]) == ()
