"""What outputs held: from the pack, or from this disk where it is still the same."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from rpz.packer.archive.contents import contents
from rpz.packer.archive.manifest import EntryKind
from rpz.packer.outputs import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rpz.packer.archive.contents import Pieces
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack
    from rpz.provenance.source import Source

    Wanted = Mapping[bytes, tuple[int, str]]
    """Size and SHA-256 by path."""

LARGEST = 1 << 26
"""Bytes of a file that is looked at: more would be read only to show a few lines."""
MOST = 1 << 30
"""Bytes of all of them."""
IN_MEMORY = 1 << 21


@dataclass(frozen=True)
class Original:
    """What a file held, open for reading."""

    file: IO[bytes]


def originals(source: Source, wanted: Wanted) -> Iterator[tuple[bytes, Original]]:
    """Yield the files that are to be had with their content; it is read before the next is asked.

    Nothing is yielded that hasn't the digest: a file may have been changed since.
    """
    left = _affordable(wanted)
    for path in list(left):
        if (found := _on_disk(path, left[path])) is not None:
            del left[path]
            with found:
                yield path, Original(found)
    if source.pack is not None and source.pack.index is not None and left:
        yield from _packed(source.pack, left)


def _affordable(wanted: Wanted) -> dict[bytes, tuple[int, str]]:
    room = MOST
    chosen = {}
    for path, (size, sha256) in wanted.items():
        if size <= min(room, LARGEST):
            chosen[path] = size, sha256
            room -= size
    return chosen


def _on_disk(path: bytes, known: tuple[int, str]) -> IO[bytes] | None:
    try:
        about = os.lstat(path)
        if not stat.S_ISREG(about.st_mode) or about.st_size != known[0]:
            return None
        return open(path, "rb") if digest_of(path) == known else None
    except OSError:
        return None


def _packed(pack: Pack, wanted: Wanted) -> Iterator[tuple[bytes, Original]]:
    def is_wanted(entry: Entry) -> bool:
        known = (entry.size, entry.sha256)
        return entry.kind is EntryKind.FILE and wanted.get(entry.path) == known

    for entry, pieces in contents(pack, is_wanted):
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            _write(cast("IO[bytes]", file), pieces)
            yield entry.path, Original(cast("IO[bytes]", file))


def _write(file: IO[bytes], pieces: Pieces) -> None:
    for offset, data in pieces:
        file.seek(offset)
        file.write(data)
    file.seek(0)
