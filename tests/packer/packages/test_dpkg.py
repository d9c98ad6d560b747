from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rpz.packer.packages import MANAGERS, dpkg, packages_of, spellings
from tests.conftest import require

LISTED = (
    b"installed\tdash\t0.5.12-2\t191\tamd64\n"
    b" /.\n"
    b" /bin\n"
    b" /bin/dash\n"
    b" /bin/sh\n"
    b"installed\tbash\t5.2\t7000\tamd64\n"
    b" /bin/bash\n"
    b" /bin/sh\n"
    b"installed\tlibc6:amd64\t2.36\t13001\tamd64\n"
    b" /lib/x86_64-linux-gnu/libc.so.6\n"
    b" /usr/share/doc/libc6/a b[1]*.txt\n"
    b"config-files\tgone\t1\t5\tall\n"
    b" /etc/gone\n"
    b"installed\todd\t1\t\tamd64\n"
    b" /etc/odd\n"
)


@pytest.fixture
def listed(monkeypatch, tmp_path):
    diversions = tmp_path / "diversions"
    diversions.write_text("/bin/sh\n/bin/sh.distrib\ndash\n")
    monkeypatch.setattr(dpkg, "DIVERSIONS", diversions)
    monkeypatch.setattr(dpkg, "output_of", lambda *_args, **_options: LISTED)
    merged = [(b"/bin", b"/usr/bin"), (b"/lib", b"/usr/lib")]
    monkeypatch.setattr(spellings, "_merged", lambda: merged)


def owners(*paths):
    return {p.name: [bytes(f) for f in p.files] for p in dpkg.owners(paths)}


@pytest.mark.usefixtures("listed")
class TestLists:
    def test_the_real_path_under_usr_is_found(self):
        path = b"/usr/lib/x86_64-linux-gnu/libc.so.6"
        assert owners(path) == {"libc6:amd64": [path]}

    def test_a_diverted_file_is_found_under_its_other_name(self):
        assert owners(b"/usr/bin/sh", b"/usr/bin/sh.distrib") == {
            "dash": [b"/usr/bin/sh"],
            "bash": [b"/usr/bin/sh.distrib"],
        }

    def test_a_name_is_no_pattern(self):
        assert owners(b"/usr/share/doc/libc6/*") == {}
        path = b"/usr/share/doc/libc6/a b[1]*.txt"
        assert owners(path) == {"libc6:amd64": [path]}

    @pytest.mark.parametrize("path", [b"/a\nb", b"/\xff", b"/etc/gone", b"/bin", b"/x\n /etc/odd"])
    def test_other_names_belong_to_nobody(self, path):
        assert owners(path) == {}

    def test_version_and_size_are_read(self):
        (package,) = dpkg.owners([b"/usr/bin/bash"])
        assert (package.version, package.size) == ("5.2", 7000 * 1024)

    def test_a_package_without_a_size_has_none(self):
        (package,) = dpkg.owners([b"/etc/odd"])
        assert package.size is None


def test_this_machines_c_library_is_found():
    require("dpkg-query", "no dpkg on this machine")
    libc = next(
        os.fsencode(line.split()[-1])
        for line in Path("/proc/self/maps").read_text().splitlines()
        if "/libc.so" in line or "/libc-2" in line
    )
    (package,) = packages_of([libc, b"/nobody/has/this"])
    assert package.name.startswith("libc6")
    assert [bytes(f) for f in package.files] == [libc]


def test_many_files_take_no_time():
    require("dpkg-query", "no dpkg on this machine")
    paths = [os.fsencode(f"{d}/{f}") for d, _, fs in os.walk("/usr/lib") for f in fs][:1500]
    begin = time.monotonic()
    packages_of(paths)
    assert time.monotonic() - begin < 2  # 0.2 s when the machine has nothing else to do


def test_managers_keep_the_protocol():
    for manager in MANAGERS:
        assert manager.NAME
        assert manager.owners([]) == []
        assert list(manager.contents([])) == []
