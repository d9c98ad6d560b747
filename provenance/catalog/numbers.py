"""Values of parameters as numbers, whatever way they are written: 2.5, 2.50, 25e-1."""

from __future__ import annotations

import re
from decimal import Decimal

NUMBER = re.compile(rb"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,9})?")
WHOLE = re.compile(rb"-?(?:0|[1-9]\d{0,17})")
REAL = re.compile(rb"-?(?:0|[1-9]\d*)(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)")
"""Numbers as JSON has them: ``007`` is a text, and so is a whole number that a table can't hold."""


def number(text: bytes) -> Decimal | None:
    """Return the number that a text is, None if it is something else."""
    return Decimal(text.decode("ascii")) if NUMBER.fullmatch(text) else None


def compare(one: bytes, other: bytes) -> int | None:
    """Return -1, 0 or 1 as one value is less, equal, greater; None: not both are numbers."""
    first, second = number(one), number(other)
    if first is None or second is None:
        return None
    return (first > second) - (first < second)


def plain(value: bytes) -> int | float | str:
    """Return a value as Python has it: a number, if it is one."""
    if WHOLE.fullmatch(value):
        return int(value)
    if REAL.fullmatch(value) and abs(found := float(value)) != float("inf"):
        return found
    return value.decode("utf-8", "surrogateescape")
