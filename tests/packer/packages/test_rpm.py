from __future__ import annotations

import pytest

from rpz.packer.packages import rpm
from tests.conftest import require
from tests.packer.packages.layout import files_of, run

SPEC = """\
Name: hello
Epoch: 1
Version: 1.5
Release: 2
Summary: for a test
License: MIT
BuildArch: noarch
%description
For a test
%install
mkdir -p %{buildroot}/opt/hello %{buildroot}/usr/bin
touch "%{buildroot}/opt/hello/a b.txt" %{buildroot}/opt/hello/c.txt %{buildroot}/usr/bin/hello
%files
/opt/hello
/usr/bin/hello
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A database of rpm's own making, with a package of rpmbuild's own making in it."""
    require("rpmbuild", "no rpm (on Debian and Ubuntu: apt-get install rpm)")
    spec = tmp_path / "hello.spec"
    spec.write_text(SPEC)
    folders = ("--define", f"_topdir {tmp_path}/top", "--define", f"_rpmdir {tmp_path}/out")
    run("rpmbuild", "-bb", "--quiet", *folders, spec, cwd=tmp_path)
    place = ("--root", str(tmp_path / "root"), "--dbpath", "/db")
    run("rpm", *place, "--justdb", "--nodeps", "-i", tmp_path / "out/noarch/hello-1.5-2.noarch.rpm")
    monkeypatch.setattr(rpm, "OPTIONS", place)
    monkeypatch.setattr(rpm, "DATABASES", (str(tmp_path / "root/db/rpmdb.sqlite"),))


@pytest.mark.usefixtures("installed")
def test_a_real_database_is_asked():
    (package,) = rpm.owners([b"/opt/hello/a b.txt", b"/usr/bin/hello", b"/opt/other"])
    assert (package.name, package.version, package.manager) == ("hello", "1:1.5-2", "rpm")
    assert package.purl.startswith("pkg:rpm/")
    assert "/hello@1.5-2?arch=noarch" in package.purl
    assert "epoch=1" in package.purl
    assert files_of(package) == {b"/opt/hello/a b.txt", b"/usr/bin/hello"}
    ((same, files),) = rpm.contents([package])
    assert same is package
    assert {b"/opt/hello/c.txt", b"/opt/hello/a b.txt"} <= set(files)


@pytest.mark.usefixtures("installed")
def test_all_is_one_query(monkeypatch):
    asked = []
    real = rpm.output_of

    def noted(argv, **options):
        asked.append(argv)
        return real(argv, **options)

    monkeypatch.setattr(rpm, "output_of", noted)
    rpm.owners([b"/opt/hello/%d" % number for number in range(5000)])
    assert len(asked) == 1


def test_without_a_database_rpm_is_not_asked(monkeypatch):
    monkeypatch.setattr(rpm, "DATABASES", ())
    monkeypatch.setattr(rpm, "output_of", lambda *_a, **_o: pytest.fail("asked"))
    assert rpm.owners([b"/usr/bin/hello"]) == []
