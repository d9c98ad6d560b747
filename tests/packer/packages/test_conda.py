"""A conda environment, laid out by hand: no conda is to be had where this is tested."""

from __future__ import annotations

import json

import pytest

from tests.packer.packages.layout import files_of, identified, lay, raw, whole


def record(name, version, *files, **more):
    return json.dumps({
        "name": name, "version": version, "build": "h1_0", "build_number": 0, "subdir": "linux-64",
        "channel": "https://conda.anaconda.org/conda-forge/linux-64", "files": files,
        "paths_data": {"paths": [{"_path": f, "size_in_bytes": 10} for f in files]}, **more,
    })  # fmt: skip


@pytest.fixture
def environment(tmp_path):
    files = {
        "conda-meta/history": "",
        "conda-meta/python-3.12.1-h1_0.json": record(
            "python", "3.12.1", "bin/python3.12", "lib/python3.12/os.py", "lib/python3.12/this.py"
        ),
        "conda-meta/numpy-2.0-h1_0.json": record(
            "numpy", "2.0", "lib/python3.12/site-packages/numpy/__init__.py", channel="defaults"
        ),
        "conda-meta/broken.json": "{",
        "bin/python3.12": "",
        "lib/python3.12/os.py": "",
        "lib/python3.12/this.py": "",
        "lib/python3.12/__pycache__/os.cpython-312.pyc": "",
        "lib/python3.12/site-packages/numpy/__init__.py": "",
        "lib/python3.12/site-packages/six-1.dist-info/METADATA": "Name: six\nVersion: 1\n",
        "lib/python3.12/site-packages/six-1.dist-info/RECORD": "six.py,,\n",
        "lib/python3.12/site-packages/six.py": "",
        "mine.txt": "",
    }
    lay(tmp_path, files)
    return tmp_path


def test_an_environments_packages_are_conda_s_and_pip_s(environment):
    lib = "lib/python3.12"
    used = ["bin/python3.12", f"{lib}/os.py", f"{lib}/__pycache__/os.cpython-312.pyc"]
    used += [f"{lib}/site-packages/numpy/__init__.py", f"{lib}/site-packages/six.py", "mine.txt"]
    used += ["conda-meta/numpy-2.0-h1_0.json"]
    found = identified([environment / name for name in used])
    assert {p.name: p.manager for p in found.values()} == {
        "python": "conda", "numpy": "conda", "six": "pip",
    }  # fmt: skip
    python = found["python"]
    assert files_of(python) == {raw(environment / name) for name in used[:3]}
    assert python.size == 30
    assert python.purl == "pkg:conda/python@3.12.1?build=h1_0&channel=conda-forge&subdir=linux-64"
    assert "channel=defaults" in found["numpy"].purl
    assert raw(environment / used[-1]) in files_of(found["numpy"])


def test_all_files_of_a_package_are_known(environment):
    python = identified([environment / "bin/python3.12"])["python"]
    assert raw(environment / "lib/python3.12/this.py") in whole(python)
