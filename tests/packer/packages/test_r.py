from __future__ import annotations

import os
import shutil

import pytest

from rpz.packer.config.model import Extent
from tests.packer.packages.layout import all_files, files_of, identified, lay, raw, run, whole

DESCRIPTION = "Package: hello\nVersion: 0.1-2\nTitle: For a\n  Test\n"
BUILT = "Built: R 4.2.2; ; 2026-01-01 00:00:00 UTC; unix\n"


def installed(library, description, name="hello"):
    lay(library / name, {
        "DESCRIPTION": description, "Meta/package.rds": "", "R/hello.rdb": "", "extdata/a.csv": "",
    })  # fmt: skip
    return library / name


def test_a_package_is_its_folder(tmp_path):
    folder = installed(tmp_path / "anywhere", DESCRIPTION + BUILT)
    used = [folder / "R/hello.rdb", folder / "extdata/a.csv"]
    package = identified(used)["hello"]
    assert (package.version, package.manager) == ("0.1-2", "r")
    assert package.purl == "pkg:cran/hello@0.1-2"
    assert package.size == len(DESCRIPTION + BUILT)
    assert files_of(package) == set(map(raw, used))
    assert whole(package) == set(all_files(folder))


@pytest.mark.parametrize(
    ("more", "purl"),
    [
        ("biocViews: Software\n", "pkg:bioconductor/hello@0.1-2"),
        (
            "RemoteType: github\nRemoteUsername: me\nRemoteRepo: hello\nRemoteSha: abc\n",
            "pkg:github/me/hello@abc",
        ),
    ],
)
def test_where_a_package_is_from_is_told(tmp_path, more, purl):
    folder = installed(tmp_path, DESCRIPTION + BUILT + more)
    assert identified([folder / "R/hello.rdb"])["hello"].purl == purl


def test_sources_are_not_an_installed_package(tmp_path):
    folder = installed(tmp_path, DESCRIPTION)
    assert identified([folder / "R/hello.rdb"]) == {}


def test_a_base_package_is_a_standard_library(tmp_path):
    folder = installed(tmp_path / "R" / "library", f"{DESCRIPTION}{BUILT}Priority: base", "stats")
    assert identified([folder / "R/hello.rdb"])["hello"].extent is Extent.LIBRARY


@pytest.mark.skipif(shutil.which("R") is None, reason="no R here; the others are laid out by hand")
def test_a_package_that_r_has_installed(tmp_path):
    lay(tmp_path / "hello", {
        "DESCRIPTION": DESCRIPTION + "License: MIT\nAuthor: me\nMaintainer: me <me@example.org>\n",
        "NAMESPACE": "export(hello)\n",
        "R/hello.R": "hello <- function() 1\n",
        "inst/extdata/a.csv": "1\n",
    })  # fmt: skip
    library = tmp_path / "library"
    library.mkdir()
    environment = {**os.environ, "R_LIBS": str(library)}
    run("R", "CMD", "INSTALL", "--no-docs", f"--library={library}", tmp_path / "hello",
        env=environment)  # fmt: skip
    package = identified(all_files(library))["hello"]
    assert package.version == "0.1-2"
    assert files_of(package) == set(all_files(library / "hello"))
