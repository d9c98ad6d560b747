"""The content of some packed files: by the index, without reading the others."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from rpz.packer.archive.codecs import BLOCK
from rpz.packer.archive.entries import open_stored, read_entries
from rpz.packer.archive.format import DamagedPackError
from rpz.packer.archive.manifest import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from tarfile import TarInfo

    from rpz.packer.archive.access import Blocks
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack
    from rpz.packer.archive.stream import DataTar

    Pieces = Iterator[tuple[int, bytes]]
    """Where in the file, and what is there; all else of it is a hole."""


def contents(pack: Pack, wanted: Callable[[Entry], bool]) -> Iterator[tuple[Entry, Pieces]]:
    """Yield the entries that are wanted, in order, files with what is in them.

    The pieces are to be read before the next entry is asked for.

    Raises:
        PackError: the pack is damaged, also while pieces are read.

    """
    if pack.index is None:
        with pack.data() as tar:
            for entry, info in read_entries(tar):
                if wanted(entry):
                    yield entry, _from_tar(pack, entry, tar, info)
        return
    with pack.blocks() as blocks:
        for entry in pack.entries():
            if wanted(entry):
                yield entry, _from_blocks(pack, entry, blocks)


def _from_blocks(pack: Pack, entry: Entry, blocks: Blocks) -> Pieces:
    if entry.kind is not EntryKind.FILE:
        return
    digest = hashlib.sha256()
    place = entry.content
    for start, length in entry.pieces:
        offset = start
        for data in blocks.read(place, length):
            digest.update(data)
            yield offset, data
            offset += len(data)
        place += length
    if digest.hexdigest() != entry.sha256:
        raise DamagedPackError(pack.path, f"is damaged: {os.fsdecode(entry.path)} in it is")


def _from_tar(pack: Pack, entry: Entry, tar: DataTar, info: TarInfo) -> Pieces:
    if entry.kind is not EntryKind.FILE:
        return
    file = open_stored(tar, info)
    for start, length in entry.pieces:
        offset = start
        while offset < start + length:
            data = file.read(min(BLOCK, start + length - offset))
            if not data:
                raise DamagedPackError(pack.path)
            yield offset, data
            offset += len(data)
