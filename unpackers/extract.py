"""Put the packed files into a folder."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.unpackers.errors import HostileArchiveError
from rpz.unpackers.lettercase import Kept, is_case_blind
from rpz.unpackers.members import Kind, Member, checked

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterable, Iterator, Sequence

    from typing_extensions import Self

log = logging.getLogger(__name__)

SET_ID = 0o6000
"""Set-user-id and set-group-id: of a program, it runs as its owner whoever starts it."""
NEW_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
IMPLIED = 0o755
"""Mode of a folder that the pack has files in, and no member for."""
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def extract(archive: tarfile.TarFile, root: Path) -> int:
    """Extract a data archive into an empty folder: modes, times to the nanosecond, owners if root.

    No symbolic link is ever followed, so that nothing is made outside ``root``. Where ``A`` and
    ``a`` are one name, the first is made and the other is told. Only root's files keep set-user-id
    and set-group-id: those of others would be programs of who unpacks, not of their owners.

    Returns:
        How many files have such a bit: others must not be able to reach them.

    Raises:
        HostileArchiveError: see :mod:`rpz.unpackers.members`.

    """
    folders: list[Member] = []
    kept = Kept() if is_case_blind(root) else None
    privileged = 0
    with Tree(root) as tree:
        for member in checked(archive, keeps_holes=True):
            if kept is not None and kept.refuses(member):
                continue
            privileged += member.kind is Kind.FILE and member.mode & SET_ID != 0
            if member.kind is Kind.FOLDER:
                folders.append(member)
            with _told(member):
                _MAKERS[member.kind](member, tree)
    finish(folders, root)
    if os.geteuid() == 0:
        return privileged
    if privileged:
        log.debug("Set-user-ID and set-group-ID are left out, of %d files", privileged)
    return 0


@contextlib.contextmanager
def _told(member: Member) -> Iterator[None]:
    """Let errors tell the whole path, where the call had the last part of it or a descriptor."""
    try:
        yield
    except OSError as error:
        error.filename = str(member)
        raise


def finish(members: Iterable[Member], root: Path) -> None:
    """Give the folders their modes and times: the deepest first, now that all is in them."""
    folders = [member for member in members if member.kind is Kind.FOLDER]
    with Tree(root) as tree:
        for member in sorted(folders, key=lambda folder: folder.path, reverse=True):
            path = _opened(tree.enter(member.path))
            _own(path, member)
            Path(path).chmod(member.mode)
            os.utime(path, ns=(member.mtime, member.mtime))


def _opened(fd: int) -> str:
    """Name a folder that was opened without read permission (``O_PATH``)."""
    return f"/proc/self/fd/{fd}"


def _own(where: int | str, member: Member) -> None:
    if os.geteuid() == 0:
        os.chown(where, member.uid, member.gid)


def _make_file(member: Member, tree: Tree) -> None:
    fd = os.open(member.path[-1], NEW_FILE, 0o600, dir_fd=tree.enter(member.path[:-1]))
    try:
        for offset, data in member.pieces():
            write_piece(fd, offset, data)
        if member.extents is not None:
            os.ftruncate(fd, member.size)
        _own(fd, member)
        os.fchmod(fd, member.mode if os.geteuid() == 0 else member.mode & ~SET_ID)
        os.utime(fd, ns=(member.mtime, member.mtime))
    finally:
        os.close(fd)


def write_piece(fd: int, offset: int, data: bytes) -> None:
    """Write a part of a file at its place, all of it."""
    done = os.pwrite(fd, data, offset)
    while done < len(data):
        done += os.pwrite(fd, memoryview(data)[done:], offset + done)


def _make_symlink(member: Member, tree: Tree) -> None:
    name, folder = member.path[-1], tree.enter(member.path[:-1])
    os.symlink(member.link, name, dir_fd=folder)
    if os.geteuid() == 0:
        os.chown(name, member.uid, member.gid, dir_fd=folder, follow_symlinks=False)
    os.utime(name, ns=(member.mtime, member.mtime), dir_fd=folder, follow_symlinks=False)


def link_files(members: Iterable[Member], root: Path) -> None:
    """Make the hard links, now that the files are there.

    Raises:
        HostileArchiveError: there is something else, or nothing.

    """
    with Tree(root) as tree:
        for member in members:
            if member.kind is Kind.HARDLINK:
                with _told(member):
                    _make_hardlink(member, tree)


def _make_hardlink(member: Member, tree: Tree) -> None:
    *parents, name = member.link.split(b"/")
    with Tree(tree.root) as other:
        if not _is_file(other, parents, name):
            raise HostileArchiveError(f"{member} in the pack is a link to what is not a file in it")
        os.link(
            name,
            member.path[-1],
            src_dir_fd=other.enter(tuple(parents)),
            dst_dir_fd=tree.enter(member.path[:-1]),
            follow_symlinks=False,
        )


def _is_file(tree: Tree, parents: list[bytes], name: bytes) -> bool:
    try:
        folder = tree.enter(tuple(parents))
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _make_folder(member: Member, tree: Tree) -> None:
    tree.enter(member.path)


_MAKERS = {
    Kind.FOLDER: _make_folder,
    Kind.FILE: _make_file,
    Kind.SYMLINK: _make_symlink,
    Kind.HARDLINK: _make_hardlink,
}


class Tree:
    """The folder that was entered last, with those above it, open: most members share it."""

    def __init__(self, root: Path) -> None:
        """Open the root, which is not a link."""
        self.root = root
        self._path: list[bytes] = []
        self._fds = [os.open(root, NEW_FOLDER)]

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close all that is open."""
        while self._fds:
            os.close(self._fds.pop())

    def enter(self, path: tuple[bytes, ...]) -> int:
        """Return a descriptor of a folder, made if it doesn't exist; valid until the next call."""
        shared = _shared(self._path, path)
        while len(self._path) > shared:
            self._path.pop()
            os.close(self._fds.pop())
        for name in path[shared:]:
            self._fds.append(self._open(name))
            self._path.append(name)
        return self._fds[-1]

    def _open(self, name: bytes) -> int:
        """Enter one folder; a new one can be written to until :func:`finish`."""
        try:
            return os.open(name, NEW_FOLDER, dir_fd=self._fds[-1])
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):  # another worker was quicker
                os.mkdir(name, 0o700, dir_fd=self._fds[-1])
                os.chmod(name, IMPLIED, dir_fd=self._fds[-1])  # whatever the umask is
            return os.open(name, NEW_FOLDER, dir_fd=self._fds[-1])


def _shared(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Return how many components two paths have in common."""
    length = min(len(one), len(other))
    return next((i for i in range(length) if one[i] != other[i]), length)
