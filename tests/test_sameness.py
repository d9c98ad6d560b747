"""What ``tests/sameness.py`` says of packs that aren't the same; it is silent of those that are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import sameness
from tests.conftest import rpz_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Rpz

BEFORE = 10**18
"""A time long before the runs."""
SCRIPT = "(: <file; : <other); (: <file)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, native_tracer: Path) -> Rpz:  # noqa: ARG001
    rpz = rpz_in(tmp_path_factory.mktemp("packed"))
    for name in ("file", "other"):
        (rpz.folder / name).write_text(f"content of {name}")
        os.utime(rpz.folder / name, ns=(BEFORE, BEFORE))
    return rpz


def said(rpz: Rpz, script: str) -> sameness.Facts:
    """Trace a script of the shell, pack it, and return what the pack says."""
    pack = rpz.folder / "it.rpz"
    pack.unlink(missing_ok=True)
    for arguments in (["trace", "-w", "sh", "-c", script], ["pack", pack.name]):
        done = rpz(*arguments)
        assert done.returncode == 0, done.stderr
    return sameness.facts(pack)


@pytest.fixture(scope="module")
def before(folder: Rpz) -> sameness.Facts:
    return said(folder, SCRIPT)


def test_who_used_a_file(folder: Rpz, before: sameness.Facts) -> None:
    other = said(folder, "(: <file); (: <file; : <other)")
    used = {key[2:] for key in sameness.different(before, other) if key[0] == "opened_files"}
    name = os.fsencode(folder.folder / "other")
    assert used == {("0.1.1", name, 1, 0, 1, 0), ("0.1.2", name, 1, 0, 1, 0)}


def test_a_file(folder: Rpz, before: sameness.Facts) -> None:
    file = folder.folder / "other"
    file.write_text("CONTENT of other")
    file.chmod(0o640)
    os.utime(file, ns=(BEFORE, BEFORE + 1))
    changed = sameness.different(before, said(folder, SCRIPT))
    data = {key: values for key, values in changed.items() if key[0] == "data"}
    assert {key[1:] for key in data} == {(f"DATA{file}", f) for f in ("content", "mode", "time")}
    assert data["data", f"DATA{file}", "mode"] == (0o644, 0o640)
    assert data["data", f"DATA{file}", "time"] == (BEFORE, BEFORE + 1)
    assert {key[0] for key in changed} == {"data", "digests"}
