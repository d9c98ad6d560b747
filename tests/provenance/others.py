"""Clients that others have written for the servers that rpz talks to: they should agree with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.conftest import require

CLIENTS = Path(__file__).parent / "clients"


def ask(*argv, given=b"", variables=None):
    """Run a program of theirs, or their Python with a file of ``clients`` or with ``-c``."""
    python = os.environ.get("RPZ_CLIENTS")
    require(python, "no clients of others: RPZ_CLIENTS names no Python that has them")
    program, *words = map(os.fspath, argv)
    ours = CLIENTS / program
    begin = [python, ours if ours.is_file() else program]
    if (installed := Path(python).parent / program).is_file():
        begin = [installed]
    env = {**os.environ, **(variables or {})}
    done = subprocess.run(
        [*begin, *words], input=given, capture_output=True, check=False, timeout=120, env=env
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
