"""Find the packs and trace folders below a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.provenance.source import SourceError
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUFFIX = ".rpz"


def sources(path: Path, refused: Callable[[OSError], object]) -> Iterator[Path]:
    """Yield a pack or trace folder itself; of another folder, those in it, however deep.

    Symbolic links below it aren't followed. ``refused`` is called for a folder that can't be read.

    Raises:
        SourceError: it doesn't exist; there are none in it.

    """
    if not path.exists():
        raise SourceError(f"{path} doesn't exist", "Name a pack, a trace or a folder of some")
    if not path.is_dir() or TraceFolder(path).exists:
        yield path
        return
    found = False
    for source in _below(path, refused):
        found = True
        yield source
    if not found:
        raise SourceError(f"{path} has no packs or traces in it", "Name a folder that has some")


def _below(top: Path, refused: Callable[[OSError], object]) -> Iterator[Path]:
    for folder, folders, files in os.walk(top, onerror=refused):
        for name in sorted(folders):
            if TraceFolder(Path(folder, name)).exists:
                folders.remove(name)
                yield Path(folder, name)
        folders.sort()
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(SUFFIX))
