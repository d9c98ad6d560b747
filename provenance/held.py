"""Where the content of a file is still found that a run has read or left."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.archive.contents import contents
from rpz.packer.archive.manifest import EntryKind
from rpz.packer.outputs import digest_of
from rpz.packer.withheld import credential
from rpz.provenance.within import within
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import SnapshotRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rpz.packer.archive.contents import Pieces
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack
    from rpz.provenance.files import Content, File
    from rpz.provenance.source import Source

LARGEST = 1 << 24
"""Bytes of a file that is looked into."""
MOST = 10
"""Files of a kind that are looked into."""

Pair = tuple["File", "Content", "File", "Content"]
"""A file of both runs, each with what it held."""


class Held:
    """The places of two runs' files: the disk and snapshots of trace folders, the data of packs.

    ``scratch`` is a folder for what comes out of packs.
    """

    def __init__(self, sources: Sequence[Source], scratch: Path) -> None:
        """Look nowhere yet."""
        self._sources = sources
        self._scratch = scratch
        self._found: dict[str, Path] = {}

    def details(self, pairs: Iterable[Pair]) -> dict[bytes, str]:
        """Return what differs within the first files, by their paths in the first run.

        Files that others should not get are left out, and those of which a content is gone.
        """
        some = [pair for pair in pairs if max(pair[1].size, pair[3].size) <= LARGEST][:MOST]
        wanted = {held.sha256: file.path for a, x, b, y in some for file, held in ((a, x), (b, y))}
        self._find({sha256: path for sha256, path in wanted.items() if sha256 not in self._found})
        return dict(self._told(some))

    def _told(self, pairs: Iterable[Pair]) -> Iterator[tuple[bytes, str]]:
        for one, ours, other, theirs in pairs:
            first, second = self._found.get(ours.sha256), self._found.get(theirs.sha256)
            if first is None or second is None:
                continue
            if not (_is_withheld(one, first) or _is_withheld(other, second)):
                yield one.path, within(first, second)

    def _find(self, wanted: Mapping[str, bytes]) -> None:
        for source in self._sources:
            if source.pack is None:
                self._take(source, wanted)
        left = {sha: path for sha, path in wanted.items() if sha not in self._found}
        for source in self._sources:
            if source.pack is not None and left:
                self._unpack(source.pack, left)

    def _take(self, source: Source, wanted: Mapping[str, bytes]) -> None:
        """Look on the disk, and among what a later run of a trace has kept before it wrote."""
        paths = set(wanted.values())
        snapshots = TraceFolder(source.path).all_snapshots
        kept = [
            snapshots / str(row.run_id) / str(row.number)
            for row in source.database.rows(SnapshotRow, "number > 0")
            if row.name in paths
        ]
        for place in (*(Path(os.fsdecode(path)) for path in sorted(paths)), *kept):
            found = _digest(place)
            if found in wanted:
                self._found.setdefault(found, place)

    def _unpack(self, pack: Pack, wanted: Mapping[str, bytes]) -> None:
        paths = set(wanted.values())

        def is_wanted(entry: Entry) -> bool:
            if entry.kind is not EntryKind.FILE or entry.size > LARGEST:
                return False
            return entry.path in paths if entry.sha256 is None else entry.sha256 in wanted

        for number, (_, pieces) in enumerate(contents(pack, is_wanted)):
            place = self._scratch / f"{len(self._found)}-{number}"
            sha256 = _written(place, pieces)
            if sha256 in wanted:
                self._found.setdefault(sha256, place)


def _written(place: Path, pieces: Pieces) -> str:
    with place.open("wb") as file:
        for offset, data in pieces:
            file.seek(offset)
            file.write(data)
    return hashlib.sha256(place.read_bytes(), usedforsecurity=False).hexdigest()


def _digest(place: Path) -> str:
    try:
        if place.stat().st_size > LARGEST:
            return ""
    except OSError:
        return ""
    found = digest_of(os.fsencode(place))
    return found[1] if found else ""


def _is_withheld(file: File, place: Path) -> bool:
    return credential(file.path, os.fsencode(place)) is not None
