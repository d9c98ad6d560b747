"""A pack's files as a tar archive that is made while it is sent."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from rpz.unpackers.image import tarstream
from rpz.unpackers.members import Kind, Member
from rpz.unpackers.mountpoints import MOUNT_POINTS, with_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OWN = b".rpz"
"""The folder in the root that is rpz's, not the experiment's."""


def archive(members: Iterable[Member], program: bytes) -> Iterator[bytes]:
    """Yield the archive: the members, the folders that every root has, and the starting program."""
    missing = {name.encode(): mode for name, mode in MOUNT_POINTS.items()}
    for member in with_folders(members):
        if member.path[:1] == (OWN,):  # of an experiment that was traced in a target of ours
            continue
        missing.pop(b"/".join(member.path), None)
        yield from tarstream.entry(_header(member), member.blocks())
    yield from _folders(missing)
    yield from _folders({OWN: 0o755, OWN + b"/runs": 0o755})
    init = tarfile.TarInfo(".rpz/init")
    init.mode = 0o755
    yield from tarstream.file(init, program)
    yield tarstream.END


def _folders(modes: Mapping[bytes, int]) -> Iterator[bytes]:
    for name, mode in modes.items():
        info = tarfile.TarInfo(name.decode())
        info.type, info.mode = tarfile.DIRTYPE, mode
        yield from tarstream.entry(info)


def _header(member: Member) -> tarfile.TarInfo:
    info = tarstream.packed(member)
    info.name = f"./{info.name}"
    if member.kind is Kind.HARDLINK:
        info.linkname = f"./{info.linkname}"
    return info
