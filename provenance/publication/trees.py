"""The SWHID of what a pack holds of a folder: the SHA-1 that git gives such a tree."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.packer.archive.contents import contents
from rpz.packer.archive.manifest import EntryKind
from rpz.provenance.publication.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from rpz.packer.archive.contents import Pieces
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack

    Leaf: TypeAlias = tuple[bytes, bytes]
    """git's mode, and the SHA-1."""
    Trees: TypeAlias = dict[bytes, dict[bytes, Leaf]]
    """What is in folders, by path and name."""

FILE, PROGRAM, LINK, FOLDER = b"100644", b"100755", b"120000", b"40000"
"""git's modes: of a file it knows only whether its owner may execute it."""
OWN = b".git"
ZEROS = bytes(1 << 16)


def folder_swhid(pack: Pack, folder: bytes) -> str:
    """Return ``swh:1:dir:`` of what a pack holds of a folder, as ``git add --all`` would take it.

    That is without folders in which there is no file, and without what is in a ``.git``.

    Raises:
        PublicationError: it holds nothing of it.
        PackError: the pack is damaged.

    """
    top = folder.rstrip(b"/")
    trees: Trees = defaultdict(dict)
    for path, leaf in _leaves(pack, top + b"/"):
        above, _, name = path.rpartition(b"/")
        trees[above][name] = leaf
    if not trees:
        raise PublicationError(
            f"{pack.path} holds no file of {os.fsdecode(folder)}", "See what it holds: rpz ls"
        )
    return f"swh:1:dir:{_top(trees, top).hex()}"


def _leaves(pack: Pack, inside: bytes) -> Iterator[tuple[bytes, Leaf]]:
    """Yield the files and links of a folder; of hard links the file may be outside of it."""
    linked = {
        entry.target
        for entry in pack.entries()
        if entry.kind is EntryKind.HARDLINK and _is_in(entry.path, inside)
    }
    known: dict[bytes, Leaf] = {}
    for entry, pieces in contents(pack, lambda e: _is_in(e.path, inside) or e.path in linked):
        if entry.kind is EntryKind.FOLDER:
            continue
        leaf = known[entry.target] if entry.kind is EntryKind.HARDLINK else _leaf(entry, pieces)
        if entry.path in linked:
            known[entry.path] = leaf
        if _is_in(entry.path, inside):
            yield entry.path, leaf


def _is_in(path: bytes, inside: bytes) -> bool:
    return path.startswith(inside) and OWN not in path[len(inside) :].split(b"/")


def _leaf(entry: Entry, pieces: Pieces) -> Leaf:
    """Return git's mode and SHA-1 of a file or a symbolic link."""
    if entry.kind is EntryKind.SYMLINK:
        return LINK, _sha1(b"blob", entry.target)
    digest = hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False)
    place = 0
    for offset, data in pieces:
        for start in range(place, offset, len(ZEROS)):
            digest.update(ZEROS[: offset - start])
        digest.update(data)
        place = offset + len(data)
    for start in range(place, entry.size, len(ZEROS)):
        digest.update(ZEROS[: entry.size - start])
    return (PROGRAM if entry.mode & 0o100 else FILE), digest.digest()


def _top(trees: Trees, top: bytes) -> bytes:
    """Return the SHA-1 of the top folder, from those of the deepest on."""
    for path in list(trees):
        while path != top and path.rpartition(b"/")[0] not in trees:
            path = path.rpartition(b"/")[0]  # noqa: PLW2901 (up to one that has files)
            trees.setdefault(path, {})  # of those that have but folders
    for path in sorted(trees, key=lambda path: path.count(b"/"), reverse=True):
        lines = sorted(
            trees[path].items(),
            key=lambda item: item[0] + b"/" if item[1][0] == FOLDER else item[0],
        )
        text = b"".join(b"%b %b\0%b" % (mode, name, sha1) for name, (mode, sha1) in lines)
        sha1 = _sha1(b"tree", text)
        if path == top:
            return sha1
        above, _, name = path.rpartition(b"/")
        trees[above][name] = (FOLDER, sha1)
    raise AssertionError(top)


def _sha1(kind: bytes, data: bytes) -> bytes:
    digest = hashlib.sha1(b"%b %d\0" % (kind, len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.digest()
