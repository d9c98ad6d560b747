"""What is packed beside what was used."""

from __future__ import annotations

import dataclasses
import os

import pytest
from rpaths import PosixPath

from rpz.packer import whole as module
from rpz.packer.config.model import Config, Extent, InputOutput, Package
from rpz.packer.select import Reason
from rpz.packer.whole import Cause, expand

NEVER = 0.0
LATER = 1e11


def write(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1234")


def path_of(path):
    return PosixPath(os.fsencode(path))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with files of every kind; two of them are used."""
    write(tmp_path, "lib/python3.11/used.py", "lib/python3.11/other.py", "lib/python3.11/test/t.py")
    write(tmp_path, "share/data", "elsewhere", "lib/python3.11/result")
    (tmp_path / "share/empty").mkdir()
    (tmp_path / "share/link").symlink_to("../elsewhere")
    (tmp_path / "share/dangling").symlink_to("nowhere")
    (tmp_path / "merged").symlink_to("share")
    os.mkfifo(tmp_path / "share/pipe")
    names = ["lib/python3.11/used.py", "lib/python3.11/other.py", "lib/python3.11/test/t.py"]
    names += ["share", "share/empty", "share/link", "share/dangling", "merged/data", "share/gone"]
    names += ["share/pipe", "lib/python3.11/result"]
    files = [os.fsencode(tmp_path / name) for name in names]
    monkeypatch.setattr(module, "contents_of", lambda some: ((each, files) for each in some))
    monkeypatch.setattr(module, "packages_of", owned)
    used = (path_of(tmp_path / names[0]), path_of(tmp_path / "own"))
    return Package("p", "1", used, manager="x", extent=Extent.LIBRARY)


def owned(paths):
    """Say of every file that it is of the package, or of one that no run used."""
    split = {name: tuple(p for p in paths if (b"split" in p) == (name == "q")) for name in "pq"}
    return [Package(n, "1", tuple(map(PosixPath, p)), manager="x") for n, p in split.items() if p]


def added(expansion, folder):
    return {
        os.path.relpath(os.fsdecode(path), folder): cause
        for path, cause in expansion.causes.items()
    }


def configured(package, folder, more=()):
    result = InputOutput("result", path_of(folder / "lib/python3.11/result"), (), (0,))
    return Config(runs=(), packages=(package, *more), inputs_outputs=(result,))


def test_the_rest_of_a_library(package, tmp_path):
    expansion = expand(configured(package, tmp_path), NEVER)
    assert added(expansion, tmp_path) == {"lib/python3.11/other.py": Cause.LIBRARY}
    (expanded,) = expansion.config.packages
    assert expanded.files == (*package.files, path_of(tmp_path / "lib/python3.11/other.py"))
    assert (expansion.size, expansion.left_out) == (4, ())


def test_a_library_that_is_cut_up_into_packages(package, tmp_path):
    write(tmp_path, "lib/python3.11/split.py", "lib/python3.11/site-packages/mine/__init__.py")
    config = configured(package, tmp_path)
    (p, q) = expand(config, NEVER).config.packages
    assert p.files[len(package.files) :] == (path_of(tmp_path / "lib/python3.11/other.py"),)
    assert (q.name, q.files) == ("q", (path_of(tmp_path / "lib/python3.11/split.py"),))
    without = dataclasses.replace(q, files=(), packfiles=False)
    expanded = expand(configured(package, tmp_path, more=[without]), NEVER).config
    assert [item.files for item in expanded.packages] == [p.files, ()]


def test_a_whole_package_with_where_its_links_lead(package, tmp_path):
    expansion = expand(configured(package, tmp_path), NEVER, whole=True)
    names = ("lib/python3.11/other.py", "lib/python3.11/test/t.py", "share/empty", "share/link")
    assert added(expansion, tmp_path) == {
        **dict.fromkeys((*names, "share/dangling", "share/data"), Cause.WHOLE),
        "elsewhere": Cause.TARGET,
    }
    (pipe,) = expansion.left_out
    assert (pipe.path, pipe.reason) == (os.fsencode(tmp_path / "share/pipe"), Reason.SPECIAL)
    assert expansion.config.other_files == (path_of(tmp_path / "elsewhere"),)


def test_what_is_left_out_for_another_reason_stays_out(package, tmp_path):
    without = {os.fsencode(tmp_path / name) for name in ("share/data", "elsewhere")}
    expansion = expand(configured(package, tmp_path), NEVER, whole=True, without=without)
    assert not {"share/data", "elsewhere"} & added(expansion, tmp_path).keys()
    assert "share/link" in added(expansion, tmp_path)


@pytest.mark.parametrize("extent", list(Extent))
def test_nothing_more_where_none_is_asked_for(package, tmp_path, extent):
    package = dataclasses.replace(package, extent=extent)
    config = configured(package, tmp_path)
    assert expand(config, NEVER, whole=False).causes == {}
    left_out = configured(dataclasses.replace(package, packfiles=False), tmp_path)
    assert expand(left_out, NEVER, whole=True).causes == {}


def test_a_package_that_nobody_knows_is_told(tmp_path):
    package = Package("p", "1", (), extent=Extent.WHOLE)
    assert expand(configured(package, tmp_path), NEVER).unknown == (package,)


class TestCompanions:
    def companions(self, folder, *used, started=LATER):
        files = tuple(path_of(folder / name) for name in used)
        return added(expand(Config(runs=(), other_files=files), started), folder)

    def test_the_module_of_what_was_compiled(self, tmp_path):
        write(tmp_path, "a.py", "__pycache__/a.cpython-311.pyc", "b.py", "b.pyc")
        found = self.companions(tmp_path, "__pycache__/a.cpython-311.pyc", "b.pyc")
        assert found == dict.fromkeys(["a.py", "b.py"], Cause.COMPANION)

    def test_what_the_same_python_has_compiled_of_a_module(self, tmp_path):
        used = "__pycache__/a.cpython-311.pyc", "a.py", "b.py"
        write(tmp_path, *used, "__pycache__/b.cpython-311.pyc", "__pycache__/b.cpython-312.pyc")
        found = self.companions(tmp_path, *used)
        assert found == {"__pycache__/b.cpython-311.pyc": Cause.COMPANION}
        assert self.companions(tmp_path, *used, started=NEVER) == {}  # a run has made it

    def test_all_encodings(self, tmp_path):
        place = "lib/python3.11/encodings"
        write(tmp_path, f"{place}/utf_8.py", f"{place}/latin_1.py", "encodings/mine.py")
        assert self.companions(tmp_path, f"{place}/utf_8.py", "encodings/mine.py") == {
            f"{place}/latin_1.py": Cause.COMPANION
        }

    def test_they_are_of_their_files_package(self, tmp_path):
        write(tmp_path, "a.py", "a.pyc")
        package = Package("p", "1", (path_of(tmp_path / "a.pyc"),))
        (expanded,) = expand(Config(runs=(), packages=(package,)), LATER).config.packages
        assert expanded.files == (path_of(tmp_path / "a.pyc"), path_of(tmp_path / "a.py"))
