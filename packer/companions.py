"""Files that go with one that a run used, as any other input may need them.

Python reads what it has compiled of a module, and asks for the module only to compare dates: both
belong together. It looks for encodings by name, when it meets one.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from rpz.packer.packages import CACHED, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENCODINGS = re.compile(rb"(.*/(?:python|pypy)\d\.\d+t?/encodings)/", re.DOTALL)
"""The package of Python's standard library."""


def companions(files: Iterable[bytes], started: float) -> Iterator[bytes]:
    """Yield what goes with some files; it may be among them, or not exist.

    What was compiled after ``started`` (seconds since 1970), a run has made or will make.
    """
    used = [path for path in files if path.endswith((b".py", b".pyc"))]
    encodings = {found[1] for path in used if (found := ENCODINGS.match(path))}
    tags = {found[3] for path in used if (found := CACHED.fullmatch(path))}
    for path in used:
        if path.endswith(b".pyc"):
            yield source_of(path) or path[:-1]
        else:
            yield from _compiled(path, tags, started)
    for folder in encodings:
        yield from (path for path in _in(folder) if path.endswith(b".py"))


def _compiled(path: bytes, tags: set[bytes], started: float) -> Iterator[bytes]:
    """Yield what the Pythons that were used have compiled of a module."""
    folder, _, name = path.rpartition(b"/")
    for tag in tags:
        made = b"%b/__pycache__/%b.%b.pyc" % (folder, name[:-3], tag)
        with contextlib.suppress(OSError):
            if os.stat(made).st_mtime < started:
                yield made


def _in(folder: bytes) -> list[bytes]:
    with contextlib.suppress(OSError):
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    return []
