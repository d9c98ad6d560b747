"""Take some files out of a pack, into a folder that may hold others."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rpz.packer.archive.contents import contents
from rpz.packer.archive.format import PackError
from rpz.packer.archive.limits import LARGEST_FILE
from rpz.packer.archive.manifest import EntryKind
from rpz.unpackers.errors import readable
from rpz.unpackers.extract import NEW_FILE, Tree, write_piece
from rpz.unpackers.listed import components

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from rpz.packer.archive.contents import Pieces
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack

PERMISSIONS = 0o777
"""The bits of a mode that are kept: what is taken out is nobody's set-user-id program."""


@dataclass
class Excerpt:
    """What is to be taken out: ``paths``, and all that is below them.

    ``aliases`` has, for files that aren't wanted, the first hard link to them that is.
    """

    paths: Sequence[bytes]
    aliases: dict[bytes, bytes] = field(default_factory=dict)

    def root(self, path: bytes) -> bytes | None:
        """Return the wanted path that a path is, or is below."""
        for wanted in self.paths:
            if path == wanted or path.startswith(wanted.rstrip(b"/") + b"/"):
                return wanted
        return None

    def wants(self, entry: Entry) -> bool:
        """Whether an entry is wanted, or a file that one is another name of."""
        return self.root(entry.path) is not None or entry.path in self.aliases


def take_out(pack: Pack, paths: Sequence[bytes], folder: Path, *, overwrite: bool = False) -> int:
    """Write files of a pack below ``folder``, each under its whole path; return how many.

    They get their modes and times, and belong to who takes them. Nothing is written outside, and no
    link followed on the way.

    Raises:
        PackError: there is no such path in the pack, or something is in the way.
        HostileArchiveError: a path is one that rpz doesn't pack.

    """
    folder = folder.resolve()
    excerpt = Excerpt([os.path.normpath(b"/" + path.lstrip(b"/")) for path in paths])
    _look(pack, excerpt, folder, overwrite=overwrite)
    with _Taken(folder, excerpt) as taken:
        for entry, pieces in contents(pack, excerpt.wants):
            taken.take(entry, pieces)
        taken.finish()
    return taken.count


def _look(pack: Pack, excerpt: Excerpt, folder: Path, *, overwrite: bool) -> None:
    """Find out before anything is written what is missing, and what is in the way."""
    found: set[bytes] = set()
    for entry in pack.entries():
        root = excerpt.root(entry.path)
        if root is None:
            continue
        found.add(root)
        if entry.kind is EntryKind.HARDLINK and excerpt.root(entry.target) is None:
            excerpt.aliases.setdefault(entry.target, entry.path)
        place = os.fsencode(folder) + entry.path
        if entry.kind is not EntryKind.FOLDER and not overwrite and os.path.lexists(place):
            raise PackError(
                f"{readable(place)} exists already", "Choose another folder, or add --overwrite"
            )
    for path in excerpt.paths:
        if path not in found:
            raise PackError(
                f"{pack.path} has no {readable(path)}", f"See what it has: rpz ls {pack.path}"
            )


def _refuse_odd(entry: Entry) -> None:
    if entry.path != b"/":
        components(entry.path)
    if entry.size > LARGEST_FILE or (entry.kind is EntryKind.SYMLINK and not entry.target):
        raise PackError(f"{readable(entry.path)} in the pack can't be a file or a link")


class _Taken:
    """What was written so far, below a folder."""

    def __init__(self, folder: Path, excerpt: Excerpt) -> None:
        self._excerpt = excerpt
        self._root = os.fsencode(folder)
        self._tree = Tree(folder)
        self._folders: list[Entry] = []
        self._names: dict[bytes, bytes] = {}
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._tree.__exit__(*exception)

    def take(self, entry: Entry, pieces: Pieces) -> None:
        """Write an entry; a file under the name of a link to it, if only that is wanted."""
        _refuse_odd(entry)
        if entry.kind is EntryKind.FOLDER:
            if not os.path.lexists(self._root + entry.path):
                self._folders.append(entry)
            self._enter(entry.path)
            return
        self.count += 1
        if entry.kind is EntryKind.HARDLINK:
            self._take_link(entry)
            return
        name = self._excerpt.aliases.get(entry.path, entry.path)
        self._names[entry.path] = name
        self._place(replace(entry, path=name), pieces)

    def _take_link(self, entry: Entry) -> None:
        first = self._names.get(entry.target)
        if first is None:
            raise PackError(f"{readable(entry.path)} in the pack is a link to no file")
        if first == entry.path:  # it was written when its file came
            self.count -= 1
        else:
            self._link(first, entry.path)

    def finish(self) -> None:
        """Give new folders their modes and times: the deepest first, now that all is in them."""
        for entry in sorted(self._folders, key=lambda folder: folder.path, reverse=True):
            path = f"/proc/self/fd/{self._enter(entry.path)}"
            os.chmod(path, entry.mode & PERMISSIONS)  # noqa: PTH101 (no name to follow)
            os.utime(path, ns=(entry.mtime, entry.mtime))

    def _enter(self, path: bytes) -> int:
        try:
            return self._tree.enter(tuple(path.split(b"/")[1:]) if path != b"/" else ())
        except OSError as error:
            raise self._in_the_way(path, error) from None

    def _place(self, entry: Entry, pieces: Pieces) -> None:
        with self._named(entry.path) as (where, name):
            if entry.kind is EntryKind.SYMLINK:
                os.symlink(entry.target, name, dir_fd=where)
                times = (entry.mtime, entry.mtime)
                os.utime(name, ns=times, dir_fd=where, follow_symlinks=False)
                return
            fd = os.open(name, NEW_FILE, 0o600, dir_fd=where)
            try:
                for offset, data in pieces:
                    write_piece(fd, offset, data)
                os.ftruncate(fd, entry.size)
                os.fchmod(fd, entry.mode & PERMISSIONS)
                os.utime(fd, ns=(entry.mtime, entry.mtime))
            finally:
                os.close(fd)

    def _link(self, first: bytes, path: bytes) -> None:
        with self._named(path) as (where, name):
            os.link(self._root + first, name, dst_dir_fd=where, follow_symlinks=False)

    @contextlib.contextmanager
    def _named(self, path: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield a folder and a name in it; what is made there gets its own when it is whole."""
        parent, _, last = path.rpartition(b"/")
        where = self._enter(parent or b"/")
        name = b".%s.part" % secrets.token_hex(8).encode()
        try:
            yield where, name
            os.rename(name, last, src_dir_fd=where, dst_dir_fd=where)
        except IsADirectoryError as error:
            raise self._in_the_way(path, error) from None
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=where)

    def _in_the_way(self, path: bytes, error: OSError) -> PackError:
        place = readable(self._root + path)
        return PackError(f"{place} can't be made: {error.strerror}", "Choose another folder")
