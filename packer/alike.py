"""When an output that isn't the same is good enough: the tolerances of ``rpz replay --compare``."""

from __future__ import annotations

import fnmatch
import importlib.util
import math
import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import IO, TYPE_CHECKING

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NUMBER = re.compile(
    rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?|[+-]?(?:nan|inf)\b", re.IGNORECASE
)
LONGEST = 1 << 20
"""Bytes of a line; what is longer is compared in pieces."""


class CompareError(RpzError):
    """A tolerance isn't one, or what it needs isn't installed."""


@dataclass(frozen=True)
class Tolerance:
    """Which outputs may differ, and by how much: those whose names match the glob."""

    glob: str
    kind: str
    limit: float

    def suits(self, name: str) -> bool:
        """Whether it is for an output of this name."""
        return fnmatch.fnmatchcase(name, self.glob) or fnmatch.fnmatchcase(
            name.rpartition("/")[2], self.glob
        )

    def allows(self, recorded: Path, replayed: Path) -> bool:
        """Whether two files are alike."""
        return KINDS[self.kind].alike(recorded, replayed, self.limit)


@dataclass(frozen=True)
class Kind:
    """A way to compare; ``default`` is the limit when none is given."""

    alike: Callable[[Path, Path, float], bool]
    default: float
    needs: str = ""


def parsed(text: str) -> Tolerance:
    """Read ``[GLOB=]KIND[:LIMIT]``.

    Raises:
        CompareError: it is something else, or the library that it needs isn't installed.

    """
    glob, _, rest = text.rpartition("=")
    name, colon, limit = rest.partition(":")
    kind = KINDS.get(name)
    if kind is None:
        raise _wrong(text, f"There are: {', '.join(KINDS)}")
    if kind.needs and importlib.util.find_spec(kind.needs) is None:
        raise CompareError(
            "Images are compared with Pillow, which isn't installed",
            "Install it: pip install pillow",
        )
    try:
        number = float(limit) if colon else kind.default
    except ValueError:
        raise _wrong(text, f"{limit!a} is no number") from None
    if not number >= 0:
        raise _wrong(text, f"{limit!a} is no limit")
    return Tolerance(glob or "*", name, number)


def _wrong(text: str, why: str) -> CompareError:
    return CompareError(
        f"{text!a} doesn't say how to compare. {why}",
        "For example: --compare numbers:1e-9, --compare '*.png=image:2'",
    )


def _numbers_alike(recorded: Path, replayed: Path, limit: float) -> bool:
    """Whether two texts differ in numbers only, and those by a part of ``limit`` at most."""
    with recorded.open("rb") as one, replayed.open("rb") as other:
        pairs = zip_longest(_lines(one), _lines(other))
        return all(_line_alike(first, second, limit) for first, second in pairs)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(LONGEST):
        yield line


def _line_alike(one: bytes | None, other: bytes | None, limit: float) -> bool:
    if one == other:
        return True
    if one is None or other is None or NUMBER.split(one) != NUMBER.split(other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(first == second or _close(first, second, limit) for first, second in pairs)


def _close(one: bytes, other: bytes, limit: float) -> bool:
    first, second = (float(text.lower().replace(b"d", b"e")) for text in (one, other))
    return math.isclose(first, second, rel_tol=limit, abs_tol=limit)


def _images_alike(recorded: Path, replayed: Path, limit: float) -> bool:
    """Whether two images have one size and mode, and no channel of a pixel differs by more."""
    from PIL import Image, ImageChops, UnidentifiedImageError

    try:
        with Image.open(recorded) as one, Image.open(replayed) as other:
            if (one.size, one.mode) != (other.size, other.mode):
                return False
            mode = "RGBA" if one.mode in ("P", "PA") else one.mode
            difference = ImageChops.difference(one.convert(mode), other.convert(mode))
            return max(_greatest(difference.getextrema())) <= limit
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return False


def _greatest(extrema: Sequence[object]) -> Iterator[float]:
    """Yield the greatest of each channel: of one channel they are a pair, of several pairs."""
    pairs = extrema if isinstance(extrema[0], tuple) else [extrema]
    for pair in pairs:
        assert isinstance(pair, tuple)  # noqa: S101 (Pillow's types)
        yield float(pair[1])


KINDS = {
    "numbers": Kind(_numbers_alike, 1e-9),
    "image": Kind(_images_alike, 0, "PIL"),
}
"""A way to compare is a function and a row here."""
