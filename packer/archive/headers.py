"""Headers of the data's members, and what the manifest says of the same."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PREFIX
from rpz.packer.archive.manifest import Entry, EntryKind
from rpz.packer.before import Status

if TYPE_CHECKING:
    import os

    from rpz.packer.archive.sparse import Extents

NANO = 1_000_000_000

_KINDS = {
    tarfile.REGTYPE: EntryKind.FILE,
    tarfile.DIRTYPE: EntryKind.FOLDER,
    tarfile.SYMTYPE: EntryKind.SYMLINK,
    tarfile.LNKTYPE: EntryKind.HARDLINK,
}


class Header(tarfile.TarInfo):
    """A header whose time is exact."""

    def __init__(self, path: bytes) -> None:
        """Begin the header of a path in the experiment."""
        super().__init__(text(PREFIX + path))
        self.path_bytes = path
        self.nanoseconds = 0

    def set_status(self, status: Status) -> None:
        """Take mode, owner and time."""
        self.mode = status.mode & 0o7777
        self.uid, self.gid = status.uid, status.gid
        self.set_time(status.modified)

    def set_time(self, nanoseconds: int) -> None:
        """Take a time, since 1970."""
        self.nanoseconds = nanoseconds
        self.mtime = nanoseconds // NANO
        self.pax_headers = {"mtime": exact_seconds(nanoseconds)} if nanoseconds % NANO else {}


def entry_of(
    header: Header,
    span: tuple[int, int],
    digest: str | None = None,
    extents: Extents | None = None,
) -> Entry:
    """Return the manifest's entry for a member that is in the tar from where to where."""
    kind = _KINDS[header.type]
    target = header.linkname.encode("utf-8", "surrogateescape")
    size = header.size if extents is None else sum(length for _, length in extents)
    return Entry(
        path=header.path_bytes,
        kind=kind,
        mode=header.mode,
        uid=header.uid,
        gid=header.gid,
        mtime=header.nanoseconds,
        size=header.size,
        sha256=digest,
        target=target[len(PREFIX) :] if kind is EntryKind.HARDLINK else target,
        start=span[0],
        content=span[1] - size - -size % tarfile.BLOCKSIZE,
        end=span[1],
        extents=extents,
    )


def status_of(found: os.stat_result) -> Status:
    """Return what a file is besides its content."""
    return Status(found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns)


def exact_seconds(nanoseconds: int) -> str:
    """Return a time in seconds as a decimal number, to the nanosecond."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), NANO)
    return f"{sign}{seconds}.{rest:09d}"


def text(path: bytes) -> str:
    """Return a name as Python's tarfile takes it."""
    return path.decode("utf-8", "surrogateescape")
