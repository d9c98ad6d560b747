"""A depot of Julia's, laid out by hand: no Julia is to be had where this is tested."""

from __future__ import annotations

from rpz.packer.config.model import Extent
from tests.packer.packages.layout import files_of, identified, lay, raw, whole

PROJECT = """\
name = "DataFrames"
uuid = "a93c6f00-e57d-5684-b7b6-d8193f3e46c0"
version = "1.6.1"
[deps]
Test = "8dfed614-e22c-5e08-85e1-65c5234f0b40"
"""


def test_a_package_of_a_depot(tmp_path):
    folder = tmp_path / ".julia/packages/DataFrames/58MUJ"
    lay(folder, {"Project.toml": PROJECT, "src/DataFrames.jl": "", "src/other.jl": ""})
    used = [folder / "Project.toml", folder / "src/DataFrames.jl"]
    package = identified(used)["DataFrames"]
    assert (package.version, package.manager) == ("1.6.1", "julia")
    assert package.purl == "pkg:julia/DataFrames@1.6.1?uuid=a93c6f00-e57d-5684-b7b6-d8193f3e46c0"
    assert package.size == len(PROJECT)
    assert files_of(package) == set(map(raw, used))
    assert raw(folder / "src/other.jl") in whole(package)


def test_the_standard_library_is_one(tmp_path):
    folder = tmp_path / "julia-1.9/share/julia/stdlib/v1.9/Random"
    lay(folder, {"Project.toml": 'name = "Random"\nuuid = "9a3f"\n', "src/Random.jl": ""})
    assert identified([folder / "src/Random.jl"])["Random"].extent is Extent.LIBRARY


def test_what_is_no_project_is_no_package(tmp_path):
    folder = tmp_path / "packages/Data/abcd1"
    paths = lay(folder, {"Project.toml": "= broken", "a.csv": ""})
    assert identified([*paths, tmp_path / "packages/Other/abcd1/x.jl"]) == {}
