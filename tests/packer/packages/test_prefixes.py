"""What is known by its prefix: Spack's packages, modules of the environment, Pythons of no package.

Laid out by hand: neither Spack nor modules are to be had where this is tested.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path

import pytest

from rpz.packer.config.model import Extent
from rpz.packer.packages import packages_of, python
from rpz.packer.packages.modules import loaded_modules
from tests.packer.packages.layout import files_of, identified, lay, raw, whole

NODE = {"name": "zlib", "version": "1.3", "hash": "abc", "arch": {"platform": "linux"}}


@pytest.mark.parametrize(
    "spec",
    [
        {"spec": {"_meta": {"version": 4}, "nodes": [NODE, {"name": "gcc", "version": "12"}]}},
        {"spec": [{"zlib": {"version": "1.3", "hash": "abc"}}, {"gcc": {"version": "12"}}]},
    ],
    ids=["new", "old"],
)
def test_spacks_prefix(tmp_path, spec):
    prefix = tmp_path / "opt/spack/linux-debian12/gcc-12/zlib-1.3-abc"
    lay(prefix, {".spack/spec.json": json.dumps(spec), "lib/libz.so.1": "", "include/zlib.h": ""})
    package = identified([prefix / "lib/libz.so.1"])["zlib"]
    assert (package.version, package.manager) == ("1.3", "spack")
    assert package.purl == "pkg:generic/spack/zlib@1.3?hash=abc"
    assert files_of(package) == {raw(prefix / "lib/libz.so.1")}
    assert raw(prefix / "include/zlib.h") in whole(package)


def test_a_broken_prefix_is_no_package(tmp_path):
    assert identified(lay(tmp_path, {".spack/spec.json": "{}", "a": ""})) == {}


def test_modules_are_known_by_name_and_version(tmp_path):
    gcc = tmp_path / "software/GCC/12.3.0/lib64/libgomp.so.1"
    tool = tmp_path / "software/My.Tool/1.0-GCC-12.3.0/bin/tool"
    paths = [gcc, tool, tmp_path / "software/GCC/12/x", tmp_path / "GCCx/12.3.0/x"]
    lay(tmp_path, {str(path.relative_to(tmp_path)): "" for path in paths})
    lay(gcc.parent, {"other.so": ""})
    environments = [{"LOADEDMODULES": "GCC/12.3.0:My.Tool/1.0-GCC-12.3.0:plain:"}, {}]
    found = identified(paths, loaded=loaded_modules(environments))
    assert {p.name: p.version for p in found.values()} == {
        "GCC": "12.3.0", "My.Tool": "1.0-GCC-12.3.0",
    }  # fmt: skip
    assert found["GCC"].purl == "pkg:generic/GCC@12.3.0"
    assert files_of(found["GCC"]) == {raw(gcc)}
    assert whole(found["GCC"]) == {raw(gcc), raw(gcc.parent / "other.so")}
    assert identified(paths) == {}


def test_a_python_that_was_built(tmp_path):
    prefix = tmp_path / "python"
    lib = "lib/python3.12"
    files = {
        "include/python3.12/patchlevel.h": '#define PY_VERSION              "3.12.1+"\n',
        "bin/python3.12": "",
        "bin/tool": "",
        f"{lib}/os.py": "",
        f"{lib}/__pycache__/os.cpython-312.pyc": "",
        f"{lib}/encodings/utf_8.py": "",
        f"{lib}/site-packages/mine.py": "",
        f"{lib}/site-packages/other.py": "",
    }
    lay(prefix, files)
    used = ["bin/python3.12", f"{lib}/os.py", f"{lib}/__pycache__/os.cpython-312.pyc"]
    not_its_own = ["bin/tool", f"{lib}/site-packages/mine.py"]
    package = identified([prefix / name for name in (*used, *not_its_own)])["python"]
    assert (package.version, package.manager) == ("3.12.1+", "python")
    assert package.purl == "pkg:generic/python@3.12.1%2B"
    assert package.extent is Extent.LIBRARY
    assert files_of(package) == {raw(prefix / name) for name in used}
    assert raw(prefix / f"{lib}/encodings/utf_8.py") in whole(package)
    assert raw(prefix / f"{lib}/site-packages/other.py") not in whole(package)


def test_this_python_is_somebodys():
    """Whether the distribution's or built: its standard library is identified."""
    path = raw(Path(sysconfig.get_path("stdlib"), "os.py"))
    (package,) = packages_of([path])
    version = ".".join(map(str, sys.version_info[:2]))
    assert package.version.startswith(version)
    assert package.extent is Extent.LIBRARY
    assert package.manager != python.NAME or package.name == "python"
