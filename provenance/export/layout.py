"""Where inputs and outputs are put as plain files: under names that every system takes."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from rpz.packer.names import short_names
from rpz.packer.withheld import credential
from rpz.provenance.export.contents import Wanted, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rpz.provenance.export.account import Account, Used
    from rpz.provenance.source import Source

UNUSUAL = re.compile(r"[^\w.+=,@() -]|^[ -]|[ .]$")
LONGEST = 100
"""Characters of a part of a name."""


def laid_out(
    source: Source, accounts: Sequence[Account], folder: Path
) -> tuple[dict[Wanted, str], list[bytes]]:
    """Put what the runs read and left into ``inputs`` and ``outputs`` of a folder.

    Returns where each file is, as a path below the folder, and the paths of those that aren't to
    be had any more, or not as they were. What one run left and another read is an output.
    """
    left = _known(file for account in accounts for file in account.outputs)
    read = _known(file for account in accounts for file in account.inputs)
    used: set[str] = set()
    places = _places("outputs", left, used)
    places |= _places("inputs", [one for one in read if one not in left], used)
    for place in places.values():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
    wanted = {one: folder / place for one, place in places.items()}
    gone = lay_out(source, wanted, _elsewhere(source, {one.path for one in left}))
    _remove_empty(folder)
    unknown = {f.path for a in accounts for f in (*a.inputs, *a.outputs) if f.content is None}
    kept = {one: place for one, place in places.items() if one not in gone}
    return kept, sorted({one.path for one in gone} | unknown)


def _known(files: Iterable[Used]) -> list[Wanted]:
    found = (Wanted(f.path, f.content.sha256) for f in files if f.content is not None)
    return list(dict.fromkeys(found))


def _elsewhere(source: Source, left: set[bytes]) -> Callable[[bytes], bool]:
    """Return whether a file may be taken from elsewhere than a pack, by its path.

    What a run has left is in no pack. What one has read is in it, unless somebody left it out.
    """

    def may(path: bytes) -> bool:
        return (source.pack is None or path in left) and credential(path, None) is None

    return may


def _places(top: str, files: Sequence[Wanted], used: set[str]) -> dict[Wanted, str]:
    """Return a place for each file; ``used`` are those of files and folders, in lower case."""
    names, places = short_names(one.path for one in files), {}
    for one in files:
        name = f"{top}/{'/'.join(map(_plain, names[one.path].split('/')))}"
        folders = _folders(name)
        if name.casefold() in used or any(f"{folder}\0" in used for folder in folders):
            stem, dot, suffix = name.removeprefix(f"{top}/").replace("/", "_").rpartition(".")
            name = f"{top}/{stem or suffix}~{_short(one)}{dot}{suffix if stem else ''}"
            folders = _folders(name)
        used |= {name.casefold(), f"{name.casefold()}\0", *folders}
        places[one] = name
    return places


def _folders(name: str) -> set[str]:
    """Return the folders that a file is in, in lower case."""
    parts = name.casefold().split("/")
    return {"/".join(parts[:end]) for end in range(1, len(parts))}


def _short(one: Wanted) -> str:
    return hashlib.sha256(one.path + one.sha256.encode()).hexdigest()[:12]


def _plain(part: str) -> str:
    """Return a part of a name without what other systems, or URLs, have another meaning for."""
    plain = UNUSUAL.sub("_", part)
    if len(plain) <= LONGEST:
        return plain or "_"
    digest = hashlib.sha256(part.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{plain[:LONGEST]}~{digest}"


def _remove_empty(folder: Path) -> None:
    """Remove folders that nothing was put into."""
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
