"""What others have to do while a run goes on, so that nobody waits for it when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Meanwhile:
    """What to call; nothing of it has to be done, or has been when the run ends.

    ``prepare`` when the command was started; ``on_read`` with the path of each file that was there
    and was read, ``on_path`` with each path; ``step`` when there is nothing else to do, again and
    again as long as it says that there is more.
    """

    prepare: Callable[[], None] | None = None
    on_read: Callable[[bytes], None] | None = None
    on_path: Callable[[bytes], None] | None = None
    step: Callable[[], bool] | None = None


NOTHING = Meanwhile()
