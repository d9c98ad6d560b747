"""What the fields of records are as columns of the trace database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GREATEST = (1 << 63) - 1
"""The greatest number that SQLite holds."""


def name_of(name: bytes) -> bytes:
    """Return a name.

    Raises:
        ValueError: a NUL byte is in it, as in no name.

    """
    if b"\0" in name:
        raise ValueError(f"{name!r} is no name")
    return name


def held(number: int) -> int:
    """Return a number.

    Raises:
        ValueError: it is so great that SQLite can't hold it.

    """
    if number > GREATEST:
        raise ValueError(f"{number} is too great a number")
    return number


def signed(number: int) -> int:
    """Return a 64-bit number as SQLite can hold it; times before 1970 are negative again."""
    return number - (1 << 64) if number > GREATEST else number


def items_of(listed: bytes) -> list[bytes]:
    """Return the elements of such a value as :func:`joined` makes."""
    return listed.split(b"\0")[:-1]


def variables_of(environment: bytes) -> dict[bytes, bytes]:
    """Return the variables of such a list; the first of a name counts, as for getenv(3)."""
    entries = (entry.partition(b"=") for entry in reversed(items_of(environment)))
    return {name: value for name, equals, value in entries if equals}


def joined(items: Iterable[bytes]) -> bytes:
    """Return a list as one value, in which each element ends with a NUL byte."""
    return b"".join(item + b"\0" for item in items)
