"""Other C libraries than the machine's: programs can't tell there either, and traces say the same.

``eval "$(scripts/libc-roots FOLDER)"`` makes the root file systems that they are in; other releases
of Debian can be named.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import require
from tests.tracer import comparing, harness
from tests.tracer.accelerator.libraries import ROOTS, Library
from tests.tracer.accelerator.unnoticed import assert_equal, run_all_ways, untraced
from tests.tracer.accelerator.ways import WAYS, tracer_with
from tests.tracer.harness import traced

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("native_tracer")

MISSING = 'no roots with other libraries: eval "$(scripts/libc-roots FOLDER)"'
MOST = ("calls", "cancel", "children", "folders", "itself", "registers", "signals", "stacks")
PROGRAMS = {"glibc": [*MOST, "threads"], "musl": [*MOST, "threads"]}
LIBRARIES = [Library(root, "glibc") for root in ROOTS] + [
    Library(root, "musl") for root in ROOTS[-1:]
]
CASES = [(library, name) for library in LIBRARIES for name in PROGRAMS[library.kind]]
LOOKING = """
ls -lR /usr/include/linux
find /usr/include -size +8 -type f
cat /usr/include/stdio.h /etc/missing
cd /usr/include
for header in *.h sys/*.h; do test -r $header; test -L $header; done
stat -c %s stdio.h missing.h
realpath stdio.h ../../bin/../bin/sh
"""


def test_there_are_others() -> None:
    require(ROOTS, MISSING)


@pytest.mark.parametrize(("library", "name"), CASES, ids=str)
def test_program(
    library: Library, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = library.compile(name, tmp_path)
    run_all_ways(tmp_path / "run", name, [program], monkeypatch)


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_in_a_root_of_its_own(
    root: Path, tmp_path: Path, native_tracer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(os.geteuid() == 0, "only root may change it")
    command = ["chroot", root, "/bin/sh", "-c", LOOKING]
    expected = untraced(tmp_path, command)
    assert expected.status == 0, expected.errors
    runs = {}
    for way in WAYS:
        monkeypatch.setitem(harness.ENGINES, way, tracer_with(way, native_tracer))
        runs[way] = run = traced(way, tmp_path, *command)
        tmp_path.with_name(tmp_path.name + ".records").unlink()
        assert (run.status, run.stdout, run.stderr) == expected
        assert f"STAT:EXISTED {root}/usr/include/stdio.h" in run.lines()
        assert f"ABSENT {root}/usr/include/missing.h" in comparing.lines(run)
    assert_equal(runs)
