"""Scripts by the names of programs, which start these with the pack's own loader.

Programs start others by a name that is searched in PATH, and the kernel would load those with this
machine's loader. In ``TARGET/wrappers`` there is such a script for each that can be found so.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.unpackers.directory.launch import ROOT, launch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.packer.config.model import Run
    from rpz.unpackers.directory.place import Root

FOLDER = "wrappers"
SCRIPT = b"""#!/bin/sh
root=${0%%/*}/%s
exec %s "$@"
"""


def make_wrappers(root: Root, folder: Path, runs: Iterable[Run]) -> None:
    """Make a script for each program that the runs can find by its name."""
    for run in runs:
        for place in searched(run):
            if root.has(place):
                _make_of(root, place, folder, run)


def searched(run: Run) -> list[bytes]:
    """Return the absolute folders in a run's PATH, which lead nowhere above the root by ``..``."""
    folders = os.fsencode(run.environ.get("PATH", "")).split(b":")
    absolute = (folder for folder in folders if folder.startswith(b"/"))
    return [os.path.normpath(b"/" + folder.strip(b"/")) for folder in absolute]


def wrappers_of(folder: Path, place: bytes) -> bytes:
    """Return the folder with the scripts for a folder of programs."""
    return os.fsencode(folder.absolute()) + b"/" + FOLDER.encode() + place


def _make_of(root: Root, place: bytes, folder: Path, run: Run) -> None:
    here = wrappers_of(folder, place)
    up = b"/".join([b".."] * (place.count(b"/") + 1)) + b"/root"
    for name in _programs(root, place):
        found = launch(root, place + b"/" + name, run.environ)
        if not found.is_plain:
            os.makedirs(here, exist_ok=True)
            script = Path(os.fsdecode(here + b"/" + name))
            script.write_bytes(SCRIPT % (up, b" ".join(map(_quoted, found.words()))))
            script.chmod(0o755)


def _programs(root: Root, place: bytes) -> Iterator[bytes]:
    folder = root.here(place)
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            path = folder + b"/" + name
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield name


def _quoted(word: bytes) -> bytes:
    """Return a word for a shell, where the root is in a variable."""
    return b"'" + word.replace(b"'", b"'\\''").replace(ROOT, b"'\"$root\"'") + b"'"
