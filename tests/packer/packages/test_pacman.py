"""Arch's database, laid out by hand as pacman has it."""

from __future__ import annotations

import os

import pytest

from rpz.packer.packages import pacman, spellings
from tests.packer.packages.layout import files_of, lay

DESC = "%NAME%\nzlib\n\n%VERSION%\n1:1.3.1-2\n\n%ARCH%\nx86_64\n\n%SIZE%\n344064\n\n"
FILES = (
    b"%FILES%\nusr/\nusr/lib/\nusr/lib/libz.so.1\nusr/bin/z\nusr/share/a b\xff\n\n%BACKUP%\netc/z\n"
)


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch):
    folder = "zlib-1:1.3.1-2"
    lay(tmp_path, {f"{folder}/desc": DESC, f"{folder}/files": FILES, "ALPM_DB_VERSION": "9"})
    monkeypatch.setattr(pacman, "DATABASE", os.fsencode(tmp_path))


def test_files_are_found():
    paths = [b"/usr/lib/libz.so.1", b"/usr/share/a b\xff"]
    (package,) = pacman.owners([*paths, b"/usr/lib", b"/other"])
    assert (package.name, package.version, package.size) == ("zlib", "1:1.3.1-2", 344064)
    assert package.purl.startswith("pkg:alpm/")
    assert "/zlib@1:1.3.1-2?arch=x86_64" in package.purl
    assert files_of(package) == set(paths)


def test_a_merged_folder_is_known_by_its_other_name(monkeypatch):
    monkeypatch.setattr(spellings, "_merged", lambda: [(b"/usr/bin", b"/usr/sbin")])
    (package,) = pacman.owners([b"/usr/sbin/z"])
    assert files_of(package) == {b"/usr/sbin/z"}


def test_all_files_of_a_package_are_known():
    (package,) = pacman.owners([b"/usr/lib/libz.so.1"])
    ((_, files),) = pacman.contents([package])
    assert set(files) == {b"/usr/lib/libz.so.1", b"/usr/bin/z", b"/usr/share/a b\xff"}
