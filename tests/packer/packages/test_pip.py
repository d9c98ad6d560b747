from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rpz.packer.packages import ahead, contents_of, kept, pip
from tests.conftest import require
from tests.packer.packages.layout import (
    all_files,
    files_of,
    identified,
    identified_all,
    lay,
    raw,
    run,
    wheel,
    whole,
)

PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "my-project"
version = "0.3"
"""
BACKEND = """\
import os, zipfile

def build_editable(folder, *_):
    name = "my_project-0.3-py3-none-any.whl"
    info = "my_project-0.3.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("my_project.pth", os.getcwd())
        about = "Metadata-Version: 2.1\\nName: my-project\\nVersion: 0.3\\n"
        wheel.writestr(info + "METADATA", about)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "my_project.pth,,\\n")
    return name
"""
"""What builds the project: as setuptools does, without being it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A wheel that any installer takes."""
    return wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(params=["pip", "uv"])
def environment(request, tmp_path, made):
    """A virtual environment with the wheel in it, by each installer."""
    folder = tmp_path / "venv"
    if request.param == "uv":
        require(importlib.util.find_spec("uv"), "uv is not installed")
        run(sys.executable, "-m", "uv", "--offline", "venv", "-p", sys.executable, folder)
        run(sys.executable, "-m", "uv", "--offline", "pip", "install", "-p", folder, made)
    else:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        options = ("--python", folder / "bin/python", "install", "--no-index", "--no-deps")
        run(sys.executable, "-m", "pip", *options, made)
    return folder


def site(environment):
    return next(environment.glob("lib/python*/site-packages"))


def test_what_an_installer_put_there_is_its_own(environment):
    assert run(environment / "bin" / "hello_world") == b"hello\n"
    run(environment / "bin" / "python", "-m", "compileall", site(environment))  # uv doesn't
    paths = all_files(environment)
    package = identified(paths)["Hello_World"]
    assert (package.version, package.manager) == ("1.0", "pip")
    assert package.purl == "pkg:pypi/hello-world@1.0"
    place = raw(site(environment))
    own = {path for path in paths if b"/hello_world/" in path or b".dist-info/" in path}
    assert {place + b"/hello_world/data.txt", place + b"/hello_world/other.py"} <= own
    assert any(path.endswith(b".pyc") for path in own)
    assert files_of(package) == own | {raw(environment / "bin" / "hello_world")}
    assert raw(environment / "pyvenv.cfg") not in files_of(package)


def test_the_rest_of_a_package_is_known(environment):
    place = raw(site(environment))
    package = identified([place + b"/hello_world/__init__.py"])["Hello_World"]
    assert {place + b"/hello_world/other.py", place + b"/hello_world/data.txt"} <= whole(package)


def test_a_real_package_of_this_environment_is_found():
    import hypothesis

    package = identified([hypothesis.__file__])["hypothesis"]
    assert package.version == hypothesis.__version__
    assert package.purl == f"pkg:pypi/hypothesis@{hypothesis.__version__}"
    assert package.size > 1_000_000


def test_a_package_in_a_users_own_folder_is_found(tmp_path, made):
    options = ("--user", "--no-index", "--no-deps", "--break-system-packages")
    environment = {**os.environ, "PYTHONUSERBASE": str(tmp_path), "HOME": str(tmp_path)}
    python = Path(sys._base_executable).resolve()
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", *options, made],
        env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (module,) = tmp_path.glob("lib/python*/site-packages/hello_world/__init__.py")
    assert files_of(identified([module])["Hello_World"]) == {raw(module)}


def test_an_editable_project_is_its_program_text(tmp_path):
    """Real, by pip: its data and its environment are not the package's."""
    project = tmp_path / "project"
    inside = {"pyproject.toml": PROJECT, "my_project/__init__.py": "", "my_project/a.csv": "1"}
    lay(project, {**inside, "data/in.csv": "1", "my_project/more.py": "", "backend.py": BACKEND})
    venv = project / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--editable")
    run(sys.executable, "-m", "pip", "--python", venv / "bin/python", "install", *options, project)
    package = identified(all_files(project))["my-project"]
    assert package.version == "0.3"
    own = {path.rpartition(b"/project/")[2] for path in files_of(package)}
    assert {b"my_project/__init__.py", b"my_project/a.csv"} <= own
    assert not {b"data/in.csv", b"pyproject.toml", b"venv/pyvenv.cfg"} & own
    assert raw(project / "my_project/more.py") in whole(package)


def test_an_editable_project_says_at_which_commit_it_is(tmp_path):
    require("git", "no git (on Debian and Ubuntu: apt-get install git)")
    project, site = tmp_path / "project", tmp_path / "site-packages"
    origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
    lay(project, {"x/__init__.py": "", "data.csv": ""})
    lay(site, {
        "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
        "x-1.dist-info/RECORD": "x.pth,,\n",
        "x-1.dist-info/direct_url.json": json.dumps(origin),
        "x.pth": str(project),
    })  # fmt: skip
    for words in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "-qm", "first"),
        ("remote", "add", "origin", "https://me:secret@example.org/x"),
    ):
        run("git", *words, cwd=project)
    commit = run("git", "rev-parse", "HEAD", cwd=project).decode().strip()
    used = [site / "x.pth", project / "x/__init__.py", project / "data.csv"]
    packages = {p.manager: p for p in identified_all(used)}
    assert packages["pip"].purl == f"pkg:pypi/x@1?vcs_url=git%2Bhttps://example.org/x%40{commit}"
    assert files_of(packages["pip"]) == {raw(used[0]), raw(used[1])}
    assert files_of(packages["git"]) == {raw(used[2])}


def test_where_a_package_is_from_is_told(tmp_path):
    place = tmp_path / "site-packages"
    said = {"url": "https://me:secret@host/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    info = "Some.Thing-2.dist-info"
    lay(place, {
        f"{info}/METADATA": "Name: Some.Thing\nVersion: 2\n",
        f"{info}/RECORD": f"thing.py,sha256=x,12\n{info}/RECORD,,\n",
        f"{info}/direct_url.json": json.dumps(said),
        "thing.py": "",
    })  # fmt: skip
    package = identified([place / "thing.py"])["Some.Thing"]
    assert package.purl == "pkg:pypi/some-thing@2?vcs_url=git%2Bhttps://host/r.git%40abc"
    assert package.size == 12


def test_odd_names_in_a_record(tmp_path):
    place = tmp_path / "site-packages"
    names = [b"a,b.py", b'q"u.py', b"\xff.py", b"new\nline.py"]
    written = b"".join(b'"%b",,\n' % name.replace(b'"', b'""') for name in names)
    lay(place, {
        "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
        "x-1.dist-info/RECORD": written,
    })  # fmt: skip
    paths = [os.fsencode(place) + b"/" + name for name in names]
    assert files_of(identified(paths)["x"]) == set(paths)


def test_what_is_in_no_record_is_nobodys(tmp_path):
    place = tmp_path / "site-packages"
    paths = lay(place, {"x-1.dist-info/METADATA": "Name: x\n", "mine.py": ""})
    assert identified(paths) == {}


def test_a_package_in_another_version_has_no_other_files(tmp_path):
    place = tmp_path / "site-packages"
    files = {"x-1.dist-info/METADATA": "Name: x\nVersion: 1\n", "x-1.dist-info/RECORD": "x.py,,\n"}
    lay(place, {**files, "x.py": ""})
    package = identified([place / "x.py"])["x"]
    assert whole(package) == {raw(place / "x.py")}
    lay(place, {"x-1.dist-info/METADATA": "Name: x\nVersion: 2\n"})
    assert list(contents_of([package])) == [(package, [])]


@pytest.fixture
def long_ago(monkeypatch):
    """What is written now was written an hour ago."""
    monkeypatch.setattr(kept, "SETTLED", -3600 * 1_000_000_000)


@pytest.mark.usefixtures("long_ago")
def test_read_ahead_nothing_is_read_again(tmp_path, monkeypatch):
    """Also of a package that is found only when more paths have come."""
    place = tmp_path / "site-packages"
    lay(place, {
        "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
        "x-1.dist-info/RECORD": "x.py,,3\nx/a.py,,4\n",
        "y-1.dist-info/METADATA": "Name: y\nVersion: 1\n",
        "y-1.dist-info/RECORD": "y/b.py,,5\n",
    })  # fmt: skip
    paths = [raw(place) + b"/x.py"]
    step = ahead(paths)
    while step():
        pass
    paths += [raw(place) + b"/y/b.py", b"/elsewhere"]
    while step():
        pass
    monkeypatch.setattr(pip, "content_of", lambda path: pytest.fail(os.fsdecode(path)))
    monkeypatch.setattr(pip, "json_of", lambda _path: None)
    assert {name: package.size for name, package in identified(paths).items()} == {"x": 7, "y": 5}


@pytest.mark.usefixtures("long_ago")
def test_what_changes_after_it_was_read_ahead_is_read_again(tmp_path):
    """As where the run itself installs something."""
    place = tmp_path / "site-packages"
    lay(place, {"x-1.dist-info/METADATA": "Name: x\n", "x-1.dist-info/RECORD": "x.py,,3\n"})
    paths = [raw(place) + b"/x.py", raw(place) + b"/y.py"]
    step = ahead(paths)
    while step():
        pass
    lay(place, {
        "x-1.dist-info/METADATA": "Name: x\nVersion: 12\n",
        "x-1.dist-info/RECORD": "y.py,,33\n",
        "z-1.dist-info/METADATA": "Name: z\nVersion: 1\n",
        "z-1.dist-info/RECORD": "x.py,,3\n",
    })  # fmt: skip
    found = identified(paths)
    assert {name: files_of(package) for name, package in found.items()} == {
        "x": {paths[1]},
        "z": {paths[0]},
    }
    assert found["x"].version == "12"


def test_a_folder_that_may_not_be_listed_is_passed_over(tmp_path, monkeypatch):
    place = tmp_path / "site-packages"
    place.mkdir()

    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(pip.os, "listdir", refuse)
    step = ahead([raw(place) + b"/x.py"])
    assert step()
    assert not step()
