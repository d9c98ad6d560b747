"""Where inputs and outputs are put as plain files: under names that every system takes."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from rpz.packer.names import short_names
from rpz.provenance.export.contents import Wanted, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
    places = _places("outputs", left) | _places("inputs", [one for one in read if one not in left])
    for place in places.values():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
    gone = lay_out(source, {one: folder / place for one, place in places.items()})
    _remove_empty(folder)
    unknown = {f.path for a in accounts for f in (*a.inputs, *a.outputs) if f.content is None}
    kept = {one: place for one, place in places.items() if one not in gone}
    return kept, sorted({one.path for one in gone} | unknown)


def _known(files: Iterable[Used]) -> list[Wanted]:
    found = (Wanted(f.path, f.content.sha256) for f in files if f.content is not None)
    return list(dict.fromkeys(found))


def _places(top: str, files: Sequence[Wanted]) -> dict[Wanted, str]:
    names, used, places = short_names(one.path for one in files), set(), {}
    for one in files:
        name = f"{top}/{'/'.join(map(_plain, names[one.path].split('/')))}"
        if name.casefold() in used:
            stem, dot, suffix = name.rpartition(".")
            name = f"{stem or suffix}~{_short(one)}{dot}{suffix if stem else ''}"
        used.add(name.casefold())
        places[one] = name
    return places


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
