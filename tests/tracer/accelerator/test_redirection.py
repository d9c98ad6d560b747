"""The calls of a real libc go through the sites that are found in it, and give what they gave."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.tracer.accelerator.conftest import build

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

OPENAT, STAT, LSTAT, NEWFSTATAT, STATX = 257, 4, 6, 262, 332
ACCESS, READLINK, READLINKAT, ANY = 21, 89, 267, 2**32 - 1
NAMES = 6
"""How many names tests/programs/accelerator/redirect.c looks at, once with each call."""


def test_every_call_that_only_looks_goes_through_a_site(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    program: Path = build("redirect", tmp_path_factory)
    ran = subprocess.run([program], check=True, capture_output=True, text=True)
    counts: dict[int, int] = {}
    for number, count in (map(int, line.split()) for line in ran.stdout.splitlines()):
        counts[number] = counts.get(number, 0) + count

    def total(*numbers: int) -> int:
        return sum(counts.get(number, 0) for number in numbers)

    assert total(ACCESS) == NAMES
    assert total(READLINK) == NAMES
    assert total(READLINKAT) == NAMES
    assert total(STATX) >= NAMES
    assert total(STAT, LSTAT, NEWFSTATAT) >= 3 * NAMES
    assert total(OPENAT, ANY) >= 3 * NAMES - 1  # opendir("") asks nobody
