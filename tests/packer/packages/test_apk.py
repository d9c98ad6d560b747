"""Alpine's database, laid out by hand as apk(5) has it."""

from __future__ import annotations

import os

import pytest

from rpz.packer.packages import apk
from tests.packer.packages.layout import files_of, lay

INSTALLED = b"""\
C:Q1abc=
P:musl
V:1.2.5-r9
A:x86_64
S:400000
I:671744
T:the musl c library (libc) implementation
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1x=
R:libc.musl-x86_64.so.1
F:lib/apk
F:usr

C:Q1def=
P:python3
V:3.12.8-r1
A:x86_64
I:1
F:usr/lib/python3.12
R:os.py
R:\xff.py
F:
R:top
"""


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch):
    (path,) = lay(tmp_path, {"lib/apk/db/installed": INSTALLED})
    monkeypatch.setattr(apk, "DATABASES", (str(path),))


def test_files_are_joined_with_their_folders():
    paths = [b"/lib/ld-musl-x86_64.so.1", b"/usr/lib/python3.12/\xff.py", b"/top", b"/lib/apk"]
    musl, python = apk.owners([*paths, b"/usr/os.py"])
    assert (musl.name, musl.version, musl.size) == ("musl", "1.2.5-r9", 671744)
    assert "/musl@1.2.5-r9?arch=x86_64" in musl.purl
    assert musl.purl.startswith("pkg:apk/")
    assert files_of(musl) == {paths[0]}
    assert files_of(python) == {paths[1], paths[2]}


def test_all_files_of_a_package_are_known():
    (musl,) = apk.owners([b"/lib/ld-musl-x86_64.so.1"])
    files = {b"/lib/ld-musl-x86_64.so.1", b"/lib/libc.musl-x86_64.so.1"}
    assert [set(own) for _, own in apk.contents([musl])] == [files]


def test_no_database_is_no_package(monkeypatch):
    monkeypatch.setattr(apk, "DATABASES", (os.devnull + "/none",))
    assert apk.owners([b"/top"]) == []
