"""Which runs of an experiment a user means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.config.model import Run

_RANGE = re.compile(r"(\d{1,9})?-(\d{1,9})?", re.ASCII)


def chosen(runs: Sequence[Run], words: Sequence[str]) -> list[int]:
    """Return the indices of the runs that were named, in the order of the words; else of all.

    A word is an id, or a list with commas of ids, indices and ranges (``0-2``, ``1-``, ``-2``),
    ends included, as ReproZip has them.

    Raises:
        TargetError: there is no such run.

    """
    if not words:
        return list(range(len(runs)))
    ids = {str(index): index for index in range(len(runs))}
    ids |= {run.id: index for index, run in enumerate(runs)}
    return [index for word in words for index in _meant(word, ids, runs)]


def _meant(word: str, ids: dict[str, int], runs: Sequence[Run]) -> Iterator[int]:
    for part in [word] if word in ids else word.split(","):
        found = _RANGE.fullmatch(part)
        if part in ids:
            yield ids[part]
        elif found is not None and part != "-":
            first, last = int(found[1] or 0), int(found[2] or len(runs) - 1)
            if not first <= last < len(runs):
                raise _unknown(part, runs)
            yield from range(first, last + 1)
        else:
            raise _unknown(part, runs)


def _unknown(name: str, runs: Sequence[Run]) -> TargetError:
    known = ", ".join(f"{index} ({run.id})" for index, run in enumerate(runs))
    return TargetError(f"There is no run {name}", f"The runs are: {known}")
