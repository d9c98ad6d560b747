"""A pack's files as a tar archive that is made while it is sent."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from rpz.packer.archive.headers import exact_seconds
from rpz.unpackers.members import SECOND, Kind, Member
from rpz.unpackers.mountpoints import MOUNT_POINTS, with_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OWN = b".rpz"
"""The folder in the root that is rpz's, not the experiment's."""
TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.FOLDER: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
}


def archive(members: Iterable[Member], program: bytes) -> Iterator[bytes]:
    """Yield the archive: the members, the folders that every root has, and the starting program."""
    missing = {name.encode(): mode for name, mode in MOUNT_POINTS.items()}
    for member in with_folders(members):
        if member.path[:1] == (OWN,):  # of an experiment that was traced in a target of ours
            continue
        missing.pop(b"/".join(member.path), None)
        yield from _entry(_header(member), member.blocks())
    yield from _folders(missing)
    yield from _folders({OWN: 0o755, OWN + b"/runs": 0o755})
    init = tarfile.TarInfo(".rpz/init")
    init.mode, init.size = 0o755, len(program)
    yield from _entry(init, [program])
    yield bytes(2 * tarfile.BLOCKSIZE)


def _folders(modes: Mapping[bytes, int]) -> Iterator[bytes]:
    for name, mode in modes.items():
        info = tarfile.TarInfo(name.decode())
        info.type, info.mode = tarfile.DIRTYPE, mode
        yield from _entry(info)


def _entry(info: tarfile.TarInfo, content: Iterable[bytes] = ()) -> Iterator[bytes]:
    yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    yield from content
    yield bytes(-info.size % tarfile.BLOCKSIZE)


def _header(member: Member) -> tarfile.TarInfo:
    info = tarfile.TarInfo(_text(b"/".join((b".", *member.path))))
    info.type = TYPES[member.kind]
    info.mode, info.uid, info.gid, info.size = member.mode, member.uid, member.gid, member.size
    link = b"./" + member.link if member.kind is Kind.HARDLINK else member.link
    info.linkname = _text(link)
    info.mtime = member.mtime // SECOND
    if member.mtime % SECOND:
        info.pax_headers = {"mtime": exact_seconds(member.mtime)}
    return info


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
