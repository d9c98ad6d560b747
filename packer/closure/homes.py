"""The folders that interpreters can't start without, and that no header names."""

from __future__ import annotations

import re

HOMES = (
    (re.compile(rb"(.*)/bin/python(3\.\d+)"), rb"\1/lib/python\2/encodings/__init__.py"),
    (re.compile(rb"(.*)/lib/R/bin/exec/R"), rb"\1/lib/R/library/base/DESCRIPTION"),
    (re.compile(rb"(.*)/bin/java"), rb"\1/lib/modules"),
)
"""By the interpreter's real path, the file by which it, or we, tell that its home is there."""


def home_of(program: bytes) -> bytes | None:
    """Return a file of an interpreter's home; None: the program is no interpreter of ours."""
    for pattern, mark in HOMES:
        if match := pattern.fullmatch(program):
            return match.expand(mark)
    return None
