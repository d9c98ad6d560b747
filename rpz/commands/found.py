"""The target that a command was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz import unpackers

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.unpackers import Unpacker
    from rpz.unpackers.target import Target


def found(folder: Path) -> tuple[Target, Unpacker]:
    """Return a target and what has unpacked it; where it is now is noted for ``rpz targets``.

    Raises:
        TargetError: there is none.

    """
    from rpz.unpackers import registry
    from rpz.unpackers.target import read

    target = read(folder)
    registry.remember(target)
    return target, unpackers.load(target.unpacker)
