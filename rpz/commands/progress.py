"""A progress bar for a person, and silence for a pipe."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_bar(
    what: str, least: int = 0
) -> Iterator[Callable[[int], Callable[[int], None]] | None]:
    """Show how far some work is, where it is about more than ``least`` bytes."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    with contextlib.ExitStack() as shown:

        def begin(total: int) -> Callable[[int], None]:
            if total < least:
                return lambda _count: None
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

            columns = (what, BarColumn(), DownloadColumn(), TimeRemainingColumn())
            bar = shown.enter_context(
                Progress(*columns, console=Console(stderr=True), transient=True)
            )
            task = bar.add_task("", total=total)
            return lambda count: bar.update(task, advance=count)

        yield begin
