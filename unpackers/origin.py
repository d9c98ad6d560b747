"""The pack that a target was unpacked from: it stays where the user has it, and may move."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.unpackers.errors import TargetError
from rpz.unpackers.target import write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.target import Target


@contextlib.contextmanager
def opened(target: Target) -> Iterator[Pack]:
    """Open the pack that a target was unpacked from.

    Raises:
        TargetError: it isn't where it was, or another pack is there.

    """
    from rpz.packer.archive.reader import Pack  # rpz run loads this module and never needs it

    if target.pack is None or not target.pack.exists():
        where = "" if target.pack is None else f", {target.pack},"
        raise TargetError(
            f"The pack{where} that {target.folder} was unpacked from is gone", _remedy(target)
        )
    with Pack.open(target.pack) as pack:
        _check(target, pack)
        yield pack


def found_at(target: Target, path: Path) -> Target:
    """Return a target whose pack is at ``path`` now, and let its state say so.

    Raises:
        TargetError: another pack is there.

    """
    from rpz.packer.archive.reader import Pack

    with Pack.open(path) as pack:
        _check(target, pack)
    target = replace(target, pack=path.absolute())
    write(target, target.folder)
    return target


def _check(target: Target, pack: Pack) -> None:
    if pack.config.pack_id != target.pack_id:
        raise TargetError(
            f"{pack.path} is another pack than {target.folder} was unpacked from", _remedy(target)
        )


def _remedy(target: Target) -> str:
    return f"Say where it is: rpz reset {target.folder} --pack PACK"
