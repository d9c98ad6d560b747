"""Sizes for people."""

from __future__ import annotations

STEP = 1000
UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def human_size(count: int) -> str:
    """Return a number of bytes with three significant figures: ``24 bytes``, ``1.53 MB``."""
    if count < STEP:
        return f"{count} byte{'' if count == 1 else 's'}"
    size = float(count)
    for unit in UNITS:
        size /= STEP
        if size < STEP - 0.5 or unit == UNITS[-1]:
            break
    digits = 2 if size < 10 else 1 if size < 100 else 0  # noqa: PLR2004 (figures before the point)
    return f"{size:.{digits}f} {unit}"
