"""Which runs of an experiment a user means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Run


def chosen(runs: Sequence[Run], names: Sequence[str]) -> list[int]:
    """Return the indices of the runs that were named by id or index; of all when none was.

    Raises:
        TargetError: there is no such run.

    """
    ids = {str(index): index for index in range(len(runs))}
    ids |= {run.id: index for index, run in enumerate(runs)}
    unknown = [name for name in names if name not in ids]
    if unknown:
        known = ", ".join(f"{index} ({run.id})" for index, run in enumerate(runs))
        raise TargetError(f"There is no run {unknown[0]}", f"The runs are: {known}")
    return [ids[name] for name in names] if names else list(range(len(runs)))
