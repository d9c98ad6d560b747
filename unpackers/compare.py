"""Compare what a replay has written with what was written when the run was traced."""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from rpz.unpackers.digest import Digest
from rpz.unpackers.errors import NoSuchFileInTargetError, NotAFileError
from rpz.unpackers.textdiff import short_diff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rpz.packer.alike import Tolerance
    from rpz.packer.outputs import Output
    from rpz.unpackers import Unpacker
    from rpz.unpackers.target import Target


class Verdict(Enum):
    """What became of an output."""

    SAME = "the same bytes"
    ALIKE = "the same within the tolerance"
    DIFFERS = "differs"
    ABSENT = "was not made"
    NO_FILE = "is no longer a file"
    UNREADABLE = "can't be read"
    UNKNOWN = "nothing to compare it with"


_TROUBLES: Mapping[type[BaseException], Verdict] = {
    NoSuchFileInTargetError: Verdict.ABSENT,
    NotAFileError: Verdict.NO_FILE,
    PermissionError: Verdict.UNREADABLE,
}


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
    diff: tuple[str, ...] = ()


def compare(
    unpacker: Unpacker, target: Target, output: Output, tolerances: Sequence[Tolerance] = ()
) -> Comparison:
    """Compare one output in a target with what the trace knows of it.

    One that differs is still good where a tolerance for it says so; for that, and for a diff, its
    original must be known.
    """
    if output.sha256 is None:
        return Comparison(output, Verdict.UNKNOWN)
    found = Digest()
    try:
        unpacker.download(target, output.path, cast("IO[bytes]", found))
    except (NoSuchFileInTargetError, NotAFileError, PermissionError) as trouble:
        return Comparison(output, _TROUBLES[type(trouble)])
    if (found.size, found.sha256) == (output.size, output.sha256):
        return Comparison(output, Verdict.SAME, found.size)
    different = Comparison(output, Verdict.DIFFERS, found.size, *_first(unpacker, target, output))
    if output.original is None:
        return different
    with tempfile.NamedTemporaryFile() as replayed:
        unpacker.download(target, output.path, cast("IO[bytes]", replayed))
        replayed.flush()
        return _judged(
            different, Path(os.fsdecode(output.original)), Path(replayed.name), tolerances
        )


def _judged(
    different: Comparison, recorded: Path, replayed: Path, tolerances: Sequence[Tolerance]
) -> Comparison:
    suiting = (item for item in tolerances if item.suits(different.output.name))
    if any(item.allows(recorded, replayed) for item in suiting):
        return replace(different, verdict=Verdict.ALIKE)
    return replace(different, diff=short_diff(recorded, replayed))


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
