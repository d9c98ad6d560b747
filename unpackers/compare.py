"""Compare what a replay has written with what was written when the run was traced."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from enum import Enum
from typing import IO, TYPE_CHECKING, cast

from rpz.unpackers.digest import Digest
from rpz.unpackers.errors import NoSuchFileInTargetError, NotAFileError

if TYPE_CHECKING:
    from rpz.packer.outputs import Output
    from rpz.unpackers import Unpacker
    from rpz.unpackers.target import Target


class Verdict(Enum):
    """What became of an output."""

    SAME = "the same bytes"
    DIFFERS = "differs"
    ABSENT = "was not made"
    NO_FILE = "is no longer a file"
    UNREADABLE = "can't be read"
    UNKNOWN = "nothing to compare it with"


@dataclass(frozen=True)
class Comparison:
    """One output of a replay.

    ``offset`` is of the first byte that differs, in ``line``, both counted from 1; None when the
    original is gone.
    """

    output: Output
    verdict: Verdict
    size: int | None = None
    offset: int | None = None
    line: int | None = None


def compare(unpacker: Unpacker, target: Target, output: Output) -> Comparison:
    """Compare one output in a target with what the trace knows of it."""
    if output.sha256 is None:
        return Comparison(output, Verdict.UNKNOWN)
    found = Digest()
    try:
        unpacker.download(target, output.path, cast("IO[bytes]", found))
    except NoSuchFileInTargetError:
        return Comparison(output, Verdict.ABSENT)
    except NotAFileError:
        return Comparison(output, Verdict.NO_FILE)
    except PermissionError:
        return Comparison(output, Verdict.UNREADABLE)
    if (found.size, found.sha256) == (output.size, output.sha256):
        return Comparison(output, Verdict.SAME, found.size)
    return Comparison(output, Verdict.DIFFERS, found.size, *_first(unpacker, target, output))


def _first(
    unpacker: Unpacker, target: Target, output: Output
) -> tuple[int, int] | tuple[None, None]:
    """Return where the first difference is."""
    if output.original is None:
        return None, None
    with open(os.fsdecode(output.original), "rb") as original:  # noqa: PTH123 (its name is bytes)
        difference = _Difference(original)
        unpacker.download(target, output.path, cast("IO[bytes]", difference))
    return difference.first


class _Difference(io.RawIOBase):
    """Compares what is written to it with a file."""

    def __init__(self, original: IO[bytes]) -> None:
        self.place: tuple[int, int] | None = None
        self._original = original
        self._offset = 0
        self._lines = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.place is None:
            other = self._original.read(len(data))
            if data != other:
                self._find(data, other)
            self._offset += len(data)
            self._lines += data.count(b"\n")
        return len(data)

    def _find(self, data: bytes, other: bytes) -> None:
        pairs = enumerate(zip(data, other, strict=False))
        index = next((i for i, (one, two) in pairs if one != two), len(other))
        self.place = self._at(index, data.count(b"\n", 0, index))

    def _at(self, index: int, lines: int) -> tuple[int, int]:
        return self._offset + index + 1, self._lines + lines + 1

    @property
    def first(self) -> tuple[int, int]:
        """The first byte that differs: the one after the end where one begins the other."""
        return self.place or self._at(0, 0)
