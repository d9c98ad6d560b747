"""Whether a pack can be unpacked, and its manifest says what its data hold."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rpz.packer.archive.check import MANIFEST, Fault
from rpz.packer.archive.format import PackError
from rpz.packer.archive.manifest import EntryKind
from rpz.unpackers.errors import HostileArchiveError
from rpz.unpackers.members import Kind, checked
from rpz.unpackers.mountpoints import with_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.members import Member

_KINDS = {
    Kind.FILE: EntryKind.FILE,
    Kind.FOLDER: EntryKind.FOLDER,
    Kind.SYMLINK: EntryKind.SYMLINK,
    Kind.HARDLINK: EntryKind.HARDLINK,
}
_BLOCK = 512
"""Of a tar (POSIX, pax): what is stored of a file fills up to a multiple of it."""


def disagreements(pack: Pack) -> Iterator[Fault]:
    """Go over the data as an unpacker does, and yield what it would refuse.

    Of a pack with a manifest, also what that says otherwise than the data. The files' content is
    :func:`rpz.packer.archive.check.check`'s.
    """
    try:
        with pack.data() as archive:
            members = with_folders(checked(archive, keeps_holes=True))
            if pack.index is None:
                for _ in members:
                    pass
            else:
                yield from _compared(members, pack.entries())
    except (HostileArchiveError, PackError) as error:
        yield Fault(None, f"the packed files ({error.message})")


def _compared(members: Iterator[Member], entries: Iterator[Entry]) -> Iterator[Fault]:
    for member, entry in zip_longest(members, entries):
        path = None if member is None else b"/" + b"/".join(member.path)
        if entry is None or path != entry.path:
            found, told = path or b"the end", b"its end" if entry is None else entry.path
            words = f"where the data have {_shown(found)}, it has {_shown(told)}"
            yield Fault(None, f"{MANIFEST}: {words}")
            return
        names = [name for name, one, other in _attributes(member, entry) if one != other]
        if names:
            yield Fault(path, f"{', '.join(names)} in the manifest and in the data differ")


def _attributes(member: Member, entry: Entry) -> Iterator[tuple[str, object, object]]:
    """Yield what both the data and the manifest tell, with what it is called."""
    link = b"/" + member.link if member.kind is Kind.HARDLINK else member.link
    end = member.place + entry.stored + -entry.stored % _BLOCK
    yield "type", _KINDS[member.kind], entry.kind
    yield "mode", member.mode, entry.mode
    yield "owner", (member.uid, member.gid), (entry.uid, entry.gid)
    yield "time", member.mtime, entry.mtime
    yield "size", (member.size, member.extents), (entry.size, entry.extents)
    yield "target", link, entry.target
    yield "place", (member.place, end), (entry.content, entry.end)


def _shown(path: bytes) -> str:
    return path.decode(errors="backslashreplace")
