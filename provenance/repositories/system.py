"""What a version control system is to the run record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class System:
    """A version control system: the ``mark`` is in the folder that is the root of its trees.

    ``state`` yields names and values of facts about a tree, and of the files in it that a run has
    read; nothing where the run has read none of the tree's own. It starts nothing that the tree's
    own configuration names, and raises CommandFailedError where the ``program`` refuses.
    """

    program: str
    mark: bytes
    state: Callable[[bytes, set[bytes]], Iterator[tuple[str, bytes]]]
