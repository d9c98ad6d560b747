"""Packed files made from lines of the manifest, which are quicker to read than headers of a tar.

The same names are refused as in :mod:`rpz.unpackers.members`. Of several workers none knows what
the others have made, so it is the order of the manifest that shows a name which is there twice, and
the file system that refuses to make one inside what is no folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from rpz.packer.archive.limits import LARGEST_FILE
from rpz.packer.archive.manifest import Entry, EntryKind, parsed_line
from rpz.unpackers.errors import HostileArchiveError, readable
from rpz.unpackers.extract import NEW_FILE, SET_ID, Tree, write_piece
from rpz.unpackers.members import DEEPEST, NO_ID, PATH_MAX, Kind, Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from typing_extensions import Self

    from rpz.packer.archive.access import Blocks

Path_ = tuple[bytes, ...]
OBSTACLES = (errno.EEXIST, errno.ENOTDIR, errno.ELOOP)
"""What the file system says where another member of the pack is in the way."""


class Order:
    """The order of the manifest: each name once, and each byte of the data no more than once."""

    def __init__(self) -> None:
        """Begin anywhere."""
        self._path: Path_ = ()
        self._end = 0

    def follow(self, entry: Entry) -> Path_:
        """Take the next entry; return its components.

        Raises:
            HostileArchiveError: it doesn't come after the one before.

        """
        path = components(entry.path)
        if path == self._path:
            raise HostileArchiveError(f"{readable(entry.path)} is in the pack twice")
        if path < self._path or entry.start < self._end:
            raise HostileArchiveError(f"{readable(entry.path)} in the pack is not in order")
        self._path, self._end = path, entry.end
        return path


def components(path: bytes) -> Path_:
    """Return the components of an absolute path in the experiment.

    Raises:
        HostileArchiveError: it isn't one as rpz writes it.

    """
    first, *parts = path.split(b"/")
    if len(path) >= PATH_MAX or len(parts) > DEEPEST:
        raise HostileArchiveError(f"{readable(path[:80])}... in the pack is too long a name")
    if first or b"" in parts or b"." in parts or b".." in parts or b"\0" in path:
        raise HostileArchiveError(f"{readable(path)} in the pack is not a path")
    return tuple(parts)


def member_of(entry: Entry) -> Member:
    """Return a folder or a hard link as other modules know it."""
    is_link = entry.kind is EntryKind.HARDLINK
    return Member(
        path=components(entry.path),
        kind=Kind.HARDLINK if is_link else Kind.FOLDER,
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        mtime=entry.mtime,
        size=0,
        link=b"/".join(components(entry.target)) if is_link else b"",
        content=None,
    )


class Maker:
    """Makes files and symbolic links; folders are only entered, hard links left for later.

    ``later`` gets the lines of both: their time comes when all files are there. The process must
    have no umask.
    """

    def __init__(self, root: Path, blocks: Blocks, later: Callable[[bytes], object]) -> None:
        """Make them below ``root``, a folder of ours that nobody else can reach."""
        self._tree = Tree(root)
        self._blocks = blocks
        self._later = later
        self._is_root = os.geteuid() == 0
        self._owner = (0, root.stat().st_gid) if self._is_root else None
        self.privileged = 0

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the folders."""
        self._tree.__exit__()

    def make(self, lines: Iterable[bytes]) -> None:
        """Make what some lines tell of, that follow each other in the manifest.

        Raises:
            HostileArchiveError: a line tells of what isn't made.
            ValueError: it isn't one of a manifest.

        """
        order = Order()
        for line in lines:
            entry = parsed_line(line)
            path = order.follow(entry)
            _refuse_odd(entry, path)
            with _in_words(entry):
                self._make(entry, path, line)

    def _make(self, entry: Entry, path: Path_, line: bytes) -> None:
        if entry.kind is EntryKind.FILE:
            self._make_file(entry, path)
        elif entry.kind is EntryKind.SYMLINK:
            self._make_symlink(entry, path)
        else:
            self._tree.enter(path[:-1] if entry.kind is EntryKind.HARDLINK else path)
            self._later(line)

    def _make_file(self, entry: Entry, path: Path_) -> None:
        mode = entry.mode & ~SET_ID
        fd = os.open(path[-1], NEW_FILE, mode, dir_fd=self._tree.enter(path[:-1]))
        try:
            self._fill(fd, entry)
            if self._is_root and (entry.uid, entry.gid) != self._owner:
                os.fchown(fd, entry.uid, entry.gid)
            if mode != entry.mode:
                self.privileged += 1
                if self._is_root:
                    os.fchmod(fd, entry.mode)
            os.utime(fd, ns=(entry.mtime, entry.mtime))
        finally:
            os.close(fd)

    def _fill(self, fd: int, entry: Entry) -> None:
        place = entry.content
        for start, length in entry.pieces:
            offset = start
            for data in self._blocks.read(place, length):
                write_piece(fd, offset, data)
                offset += len(data)
            place += length
        if entry.extents is not None:
            os.ftruncate(fd, entry.size)

    def _make_symlink(self, entry: Entry, path: Path_) -> None:
        name, folder = path[-1], self._tree.enter(path[:-1])
        os.symlink(entry.target, name, dir_fd=folder)
        if self._is_root and (entry.uid, entry.gid) != self._owner:
            os.chown(name, entry.uid, entry.gid, dir_fd=folder, follow_symlinks=False)
        os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=folder, follow_symlinks=False)


def _refuse_odd(entry: Entry, path: Path_) -> None:
    if entry.uid >= NO_ID or entry.gid >= NO_ID:
        raise HostileArchiveError(
            f"{readable(entry.path)} in the pack has an owner that can't exist"
        )
    if entry.size > LARGEST_FILE:
        raise HostileArchiveError(f"{readable(entry.path)} in the pack is too large a file")
    if entry.kind is EntryKind.HARDLINK and components(entry.target) >= path:
        raise HostileArchiveError(
            f"{readable(entry.path)} in the pack is a link to what is not a file before it"
        )
    if entry.kind is EntryKind.SYMLINK and (not entry.target or b"\0" in entry.target):
        raise HostileArchiveError(f"{readable(entry.path)} in the pack is a link to no file name")


@contextlib.contextmanager
def _in_words(entry: Entry) -> Iterator[None]:
    """Tell what is in the way by its whole path, and other failures too."""
    try:
        yield
    except OSError as error:
        if error.errno in OBSTACLES:
            raise HostileArchiveError(
                f"{readable(entry.path)} in the pack lies inside, or is, what is not a folder"
            ) from None
        error.filename = os.fsdecode(entry.path)
        raise
