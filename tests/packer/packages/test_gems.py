from __future__ import annotations

import pytest

from tests.conftest import require
from tests.packer.packages.layout import files_of, identified, lay, raw, run, whole

GEMSPEC = """\
Gem::Specification.new do |s|
  s.name = "my-gem"
  s.version = "1.2.0"
  s.summary = "for a test"
  s.authors = ["me"]
  s.files = ["lib/my_gem.rb", "lib/other.rb"]
end
"""


@pytest.fixture(params=["gem", "by hand"])
def gems(request, tmp_path):
    """A folder of gems."""
    files = {"lib/my_gem.rb": "", "lib/other.rb": ""}
    if request.param == "by hand":
        lay(tmp_path / "gems/my-gem-1.2.0", files)
        lay(tmp_path, {"specifications/my-gem-1.2.0.gemspec": GEMSPEC})
        return tmp_path
    require("gem", "no Ruby (on Debian and Ubuntu: apt-get install ruby)")
    lay(tmp_path / "source", {**files, "my-gem.gemspec": GEMSPEC})
    run("gem", "build", "my-gem.gemspec", cwd=tmp_path / "source")
    built = tmp_path / "source/my-gem-1.2.0.gem"
    options = ("--local", "--no-document", "--install-dir", tmp_path / "installed")
    run("gem", "install", *options, built)
    return tmp_path / "installed"


def test_a_gem_is_its_folder_and_its_specification(gems):
    used = [gems / "gems/my-gem-1.2.0/lib/my_gem.rb", gems / "specifications/my-gem-1.2.0.gemspec"]
    package = identified(used)["my-gem"]
    assert (package.version, package.manager) == ("1.2.0", "gem")
    assert package.purl == "pkg:gem/my-gem@1.2.0"
    assert files_of(package) == set(map(raw, used))
    assert raw(gems / "gems/my-gem-1.2.0/lib/other.rb") in whole(package)


def test_a_gem_for_one_platform(tmp_path):
    full = "nokogiri-1.16.0-x86_64-linux"
    extension = f"extensions/x86_64-linux/3.1.0/{full}/nokogiri.so"
    paths = lay(tmp_path, {
        f"gems/{full}/a.rb": "", f"specifications/{full}.gemspec": "", extension: "",
    })  # fmt: skip
    package = identified(paths)["nokogiri"]
    assert package.purl == "pkg:gem/nokogiri@1.16.0?platform=x86_64-linux"
    assert files_of(package) == set(map(raw, paths))


def test_a_folder_without_a_specification_is_no_gem(tmp_path):
    assert identified(lay(tmp_path, {"gems/my-data-1.0/a.csv": ""})) == {}
