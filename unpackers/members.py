"""The packed files, checked: what an unpacker may make of a pack that anybody may have written.

Names are judged here once, for every unpacker: all lie below the experiment's root, none twice,
none inside anything but a folder, and only files, folders and links.
"""

from __future__ import annotations

import contextlib
import re
import tarfile
import zlib
from dataclasses import dataclass
from enum import Enum, auto
from typing import IO, TYPE_CHECKING, Any, cast

from rpz.packer.archive.entries import extents_of, open_stored
from rpz.packer.archive.limits import LARGEST_FILE, too_large
from rpz.packer.archive.stream import DataTar
from rpz.unpackers.errors import HostileArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "DATA"
PATH_MAX = 4095
DEEPEST = 512
"""Folders inside each other; each is kept open while something is made in it."""
NO_ID = 2**32 - 1
"""``(uid_t) -1``, which is no user."""
SECOND = 10**9
BLOCK = 1 << 18
"""Bytes that are moved at a time."""

_TIME = re.compile(r"(-?)(\d{1,11})(?:\.(\d*))?")


class Kind(Enum):
    """What a member is."""

    FILE = auto()
    FOLDER = auto()
    SYMLINK = auto()
    HARDLINK = auto()


KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.GNUTYPE_SPARSE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
}


@dataclass(frozen=True)
class Member:
    """One packed name.

    ``path`` are its components below the root (none: the root itself), ``mode`` its permission
    bits with set-user-id and the like, ``mtime`` nanoseconds since 1970. ``link`` is the
    text of a symbolic link, or the components of the file that a hard link names, joined by ``/``.
    ``extents`` are where a file with holes has data, as offsets and lengths, ascending; ``place``
    is where in the tar what follows its header begins.
    """

    path: tuple[bytes, ...]
    kind: Kind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    link: bytes
    content: IO[bytes] | None
    extents: tuple[tuple[int, int], ...] | None = None
    place: int = -1

    @property
    def stored(self) -> int:
        """How many bytes of the file are in the tar."""
        return self.size if self.extents is None else sum(length for _, length in self.extents)

    def blocks(self) -> Iterator[bytes]:
        """Yield the file's content, exactly ``size`` bytes; before the next member is asked for."""
        place = 0
        for offset, data in self.pieces():
            yield from _zeros(offset - place)
            yield data
            place = offset + len(data)
        yield from _zeros(self.size - place)

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield where in the file there is what, without the holes; as :meth:`blocks`."""
        for offset, length in ((0, self.size),) if self.extents is None else self.extents:
            place = offset
            for block in self._read(length):
                yield place, block
                place += len(block)

    def _read(self, left: int) -> Iterator[bytes]:
        while left and self.content is not None:
            with _reading():
                block = self.content.read(min(left, BLOCK))
            if not block:
                raise HostileArchiveError(f"The pack ends in the middle of {self}")
            left -= len(block)
            yield block

    def __str__(self) -> str:
        """Return the path as a message shows it."""
        return _shown(b"/" + b"/".join(self.path))


def checked(archive: tarfile.TarFile, *, keeps_holes: bool = False) -> Iterator[Member]:
    """Yield the members of a data archive, in its order.

    The archive's ``limit``, if it has one, is how many bytes the files may take: with their holes,
    unless who asks ``keeps_holes``.

    Raises:
        HostileArchiveError: a member isn't what rpz packs, or the archive is damaged.
        PackError: the files take more than the limit.

    """
    names = _Names()
    holes = None if keeps_holes else cast("int | None", getattr(archive, "limit", None))
    while True:
        with _reading():
            info = archive.next()
        if info is None:
            if isinstance(archive, DataTar):
                archive.drain()  # before anybody takes for whole what is made of them
            return
        cast(
            "Any", archive
        ).members.clear()  # else they add up, one object for each file of the pack
        with _reading():
            member = _member(info, archive)
        names.add(member)
        if holes is not None:
            holes -= member.size - member.stored
            if holes < 0:
                raise too_large(cast("Any", archive).rpz_name, cast("Any", archive).limit)
        yield member


def _zeros(size: int) -> Iterator[bytes]:
    """Yield what a hole of a file holds."""
    for place in range(0, size, BLOCK):
        yield bytes(min(BLOCK, size - place))


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Turn the ways in which a damaged archive fails into one."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise HostileArchiveError(
            f"The packed files are damaged ({error})", "Get or make the pack again"
        ) from error


def _member(info: tarfile.TarInfo, archive: tarfile.TarFile) -> Member:
    kind = KINDS.get(info.type)
    if kind is None:
        raise HostileArchiveError(f"{_shown(info.name)} in the pack is a special file")
    link = b""
    if kind is Kind.SYMLINK:
        link = _encoded(info.linkname)
    elif kind is Kind.HARDLINK:
        link = b"/".join(_components(info.linkname))
    return Member(
        path=_components(info.name),
        kind=kind,
        mode=info.mode & 0o7777,
        uid=_id(info.uid, info.name),
        gid=_id(info.gid, info.name),
        mtime=_mtime(info),
        size=_size(info) if kind is Kind.FILE else 0,
        link=link,
        content=open_stored(archive, info) if kind is Kind.FILE else None,
        extents=extents_of(info),
        place=info.offset_data,
    )


def _components(name: str) -> tuple[bytes, ...]:
    """Return the components of a name below ``DATA/``."""
    path = _encoded(name)
    first, *rest = path.split(b"/")
    if first != PREFIX.encode() or b".." in rest:
        raise HostileArchiveError(f"{_shown(path)} in the pack would lie outside the experiment")
    if len(path) > PATH_MAX or len(rest) > DEEPEST:
        raise HostileArchiveError(f"{_shown(path[:80])}... in the pack is too long a name")
    return tuple(part for part in rest if part not in (b"", b"."))


def _encoded(text: str) -> bytes:
    with contextlib.suppress(UnicodeEncodeError):
        path = text.encode("utf-8", "surrogateescape")
        if path and b"\0" not in path:
            return path
    raise HostileArchiveError(f"{_shown(text)} in the pack is not a file name")


def _id(number: int, name: str) -> int:
    if not 0 <= number < NO_ID:
        raise HostileArchiveError(f"{_shown(name)} in the pack has an owner that can't exist")
    return number


def _size(info: tarfile.TarInfo) -> int:
    if info.size > LARGEST_FILE:
        raise HostileArchiveError(f"{_shown(info.name)} in the pack is too large a file")
    return info.size


def _mtime(info: tarfile.TarInfo) -> int:
    """Return the exact time: ``info.mtime`` is a float where the archive has decimal digits."""
    text = info.pax_headers.get("mtime", str(info.mtime))
    match = _TIME.fullmatch(text)
    if match is None:
        raise HostileArchiveError(f"{_shown(info.name)} in the pack has a time that can't exist")
    sign, whole, fraction = match.groups()
    time = int(whole) * SECOND + int((fraction or "").ljust(9, "0")[:9])
    return -time if sign else time


class _Names:
    """The names seen so far, and what they are."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[bytes, ...], Kind] = {}
        self._implied: set[tuple[bytes, ...]] = {()}

    def add(self, member: Member) -> None:
        """Take note of a member; refuse one that contradicts those before."""
        self._imply(member.path[:-1], member)
        if member.path in self._kinds:
            raise HostileArchiveError(f"{member} is in the pack twice")
        if member.path in self._implied and member.kind is not Kind.FOLDER:
            raise HostileArchiveError(f"{member} in the pack is a folder and not a folder")
        if member.kind is Kind.HARDLINK and self._kinds.get(_split(member.link)) is not Kind.FILE:
            raise HostileArchiveError(f"{member} in the pack is a link to what is not a file in it")
        self._kinds[member.path] = Kind.FILE if member.kind is Kind.HARDLINK else member.kind

    def _imply(self, folder: tuple[bytes, ...], member: Member) -> None:
        """Take note of the folders that a member lies in, whether they are packed or not."""
        while folder not in self._implied and self._kinds.get(folder) is not Kind.FOLDER:
            if folder in self._kinds:
                raise HostileArchiveError(f"{member} in the pack lies inside what is not a folder")
            self._implied.add(folder)
            folder = folder[:-1]


def _split(path: bytes) -> tuple[bytes, ...]:
    return tuple(path.split(b"/")) if path else ()


def _shown(name: str | bytes) -> str:
    text = name if isinstance(name, str) else name.decode(errors="backslashreplace")
    return ascii(text)[1:-1] if not text.isprintable() else text
