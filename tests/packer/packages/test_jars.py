from __future__ import annotations

import zipfile

import pytest

from tests.conftest import require
from tests.packer.packages.layout import files_of, identified, lay, raw, run

POM = "META-INF/maven/{}/{}/pom.properties"
MANIFEST = """\
Implementation-Title: My
  Tool
Implementation-Version: 4.2
"""


def pom(group, name, version):
    text = f"#made\ngroupId={group}\nartifactId={name}\nversion={version}\n"
    return POM.format(group, name), text


@pytest.fixture(params=["jar", "by hand"])
def archived(request, tmp_path):
    """Make an archive; with ``jar`` itself, or as the format is."""

    def make(name, *files, manifest=""):
        path = tmp_path / name
        if request.param == "by hand":
            with zipfile.ZipFile(path, "w") as archive:
                head = "Manifest-Version: 1.0\n" + manifest
                for inside, text in (("META-INF/MANIFEST.MF", head), *files):
                    archive.writestr(inside, text)
            return path
        require("jar", "no jar (on Debian and Ubuntu: apt-get install default-jdk-headless)")
        lay(tmp_path / "content", {"manifest": manifest, **dict(files), "inside/a": ""})
        inside = (part for name in ("META-INF", "inside") for part in ("-C", "inside/..", name))
        run("jar", "cfm", path, "manifest", *(["-C", ".", "inside"] if not files else inside),
            cwd=tmp_path / "content")  # fmt: skip
        return path

    return make


def test_what_maven_calls_it(archived):
    path = archived("any.jar", pom("org.example", "tool", "1.5"))
    package = identified([path])["org.example:tool"]
    assert (package.version, package.manager) == ("1.5", "jar")
    assert package.purl == "pkg:maven/org.example/tool@1.5"
    assert files_of(package) == {raw(path)}
    assert package.size == path.stat().st_size


def test_of_several_projects_the_one_that_it_is_named_for(archived):
    projects = [pom("org.example", "dep", "9"), pom("org.example", "tool", "1.5")]
    assert set(identified([archived("tool-1.5.jar", *projects)])) == {"org.example:tool"}
    assert set(identified([archived("uber.jar", *projects)])) == set()


def test_what_the_manifest_says(archived):
    package = identified([archived("x.jar", manifest=MANIFEST)])["My Tool"]
    assert package.version == "4.2"
    assert package.purl == "pkg:generic/My%20Tool@4.2"


def test_archives_that_say_nothing_and_what_are_none(archived, tmp_path):
    paths = [archived("quiet.jar"), *lay(tmp_path, {"text.jar": "no archive"})]
    assert identified([*paths, tmp_path / "gone.jar"]) == {}
