"""Which files below a folder were made or changed since a moment."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def changed_below(root: Path, since: int) -> Iterator[bytes]:
    """Yield what in ``root`` isn't a folder and has changed, as absolute paths of the experiment.

    ``since`` is in nanoseconds since 1970, by the clock of the file system: the time of the last
    change of a file's inode (ctime), which no program can set, counts. A folder that can't be read
    is yielded itself, in the place of what is in it.
    """
    top = os.fsencode(root)
    stack = [b""]
    while stack:
        folder = stack.pop()
        try:
            entries = os.scandir(top + folder + b"/")
        except PermissionError:
            yield folder
            continue
        with entries:
            for entry in entries:
                path = folder + b"/" + entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    stack.append(path)
                elif status.st_ctime_ns > since:
                    yield path
