"""Packs that aren't the same are told apart, in what matters."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests import sameness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Rpz

pytestmark = pytest.mark.usefixtures("native_tracer")

BEFORE = 10**18
"""A time long before the runs."""


@pytest.fixture(autouse=True)
def _files(rpz: Rpz) -> None:
    (rpz.folder / "file").write_text("content")
    os.utime(rpz.folder / "file", ns=(BEFORE, BEFORE))


def said(rpz: Rpz, script: str = "cat file") -> sameness.Facts:
    """Trace a script of the shell, pack it, and return what the pack says."""
    pack = rpz.folder / "it.rpz"
    pack.unlink(missing_ok=True)
    for arguments in (["trace", "-w", "sh", "-c", script], ["pack", pack.name]):
        done = rpz(*arguments)
        assert done.returncode == 0, done.stderr
    return sameness.facts(pack)


def found(one: sameness.Facts, other: sameness.Facts) -> set[Any]:
    """Return the parts in which there is something different, fields of files by themselves."""
    return {key[0] if key[0] != "data" else key[2] for key in sameness.different(one, other)}


def test_twice_the_same(rpz: Rpz) -> None:
    assert found(said(rpz), said(rpz)) == set()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda file: file.write_text("CONTENT"), {"content", "time", "digests"}),
        (lambda file: file.chmod(0o600), {"mode"}),
        (lambda file: os.utime(file, ns=(BEFORE, BEFORE + 1)), {"time", "digests"}),
    ],
)
def test_a_file(rpz: Rpz, change: Callable[[Path], Any], parts: set[str]) -> None:
    before = said(rpz)
    change(rpz.folder / "file")
    assert found(before, said(rpz)) == parts


@pytest.mark.parametrize("order", [("/etc/passwd", "file"), ("file", "file")])
def test_who_did_it(rpz: Rpz, order: tuple[str, str]) -> None:
    one, other = (said(rpz, WHO.format(*names)) for names in (("file", "/etc/passwd"), order))
    assert "opened_files" in found(one, other)


WHO = "(: <{}); (: <{})"
