"""What differs within a file, of which both contents are at hand."""

from __future__ import annotations

import difflib
import itertools
import math
from typing import TYPE_CHECKING

from rpz.packer.alike import NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GREATEST_TEXT = 1 << 16
"""Bytes of a text whose lines are compared; the time it takes grows faster than that."""
LINES = 1000
LONGEST = 200
"""Characters of a line that are kept."""
BLOCK = 1 << 16


def within(one: Path, other: Path) -> str:
    """Say in lines what differs: numbers, lines of a text, pixels of an image, the first byte."""
    first, second = _text(one), _text(other)
    if first is None or second is None:
        return _pixels(one, other) or _first_byte(one, other)
    lines = [*_numbers(first, second), *_lines(first, second)]
    return "\n".join(lines) or _first_byte(one, other)


def _text(path: Path) -> str | None:
    """Return a small text; None: it is something else."""
    if path.stat().st_size > GREATEST_TEXT:
        return None
    data = path.read_bytes()
    try:
        return None if b"\0" in data or data.count(b"\n") > LINES else data.decode()
    except UnicodeDecodeError:
        return None


def _lines(one: str, other: str) -> Iterator[str]:
    diff = difflib.unified_diff(one.splitlines(), other.splitlines(), n=0, lineterm="")
    for line in itertools.islice(diff, 2, None):
        yield line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def _numbers(one: str, other: str) -> Iterator[str]:
    """Say by how much numbers differ, where nothing else does."""
    first, second = one.encode(), other.encode()
    if NUMBER.split(first) != NUMBER.split(second):
        return
    pairs = list(zip(map(_number, NUMBER.findall(first)), map(_number, NUMBER.findall(second)),
                     strict=True))  # fmt: skip
    apart = [_apart(a, b) for a, b in pairs if a != b]
    if len(pairs) > 1 and apart:
        some = f"{len(apart)} of {len(pairs)} numbers"
        yield f"{some} differ, by at most {max(apart):.2g} of their size"


def _number(text: bytes) -> float:
    return float(text.lower().replace(b"d", b"e"))


def _apart(one: float, other: float) -> float:
    greater = max(abs(one), abs(other))
    return abs(one - other) / greater if math.isfinite(greater) else math.inf


def _pixels(one: Path, other: Path) -> str:
    """Say how two images differ; nothing where they aren't images, or Pillow isn't there."""
    try:
        from PIL import Image, ImageChops
    except ImportError:
        return ""
    try:
        with Image.open(one) as first, Image.open(other) as second:
            if first.size != second.size:
                sizes = (f"{width} x {height}" for width, height in (first.size, second.size))
                return "{} and {} pixels".format(*sizes)
            difference = ImageChops.difference(first.convert("RGBA"), second.convert("RGBA"))
            bands = [band.histogram() for band in difference.split()]
            most = max(level for band in bands for level, count in enumerate(band) if count)
            changed = max(sum(band[1:]) for band in bands) / (first.width * first.height)
            return f"{changed:.1%} of the pixels differ, by at most {most} of 255"
    except (OSError, ValueError, Image.DecompressionBombError):  # no image that Pillow knows
        return ""


def _first_byte(one: Path, other: Path) -> str:
    place = 0
    with one.open("rb") as first, other.open("rb") as second:
        while (a := first.read(BLOCK)) == (b := second.read(BLOCK)) and a:
            place += len(a)
    same = sum(
        1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))
    )
    return f"the same up to byte {place + same}"
