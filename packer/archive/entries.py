"""The entries of a pack that has no manifest, from the headers of its data."""

from __future__ import annotations

import contextlib
import copy
import re
import tarfile
from typing import IO, TYPE_CHECKING, Any, cast

from rpz.packer.archive.format import PREFIX, DamagedPackError
from rpz.packer.archive.headers import NANO
from rpz.packer.archive.manifest import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.archive.sparse import Extents
    from rpz.packer.archive.stream import DataTar

_KINDS = {
    tarfile.DIRTYPE: EntryKind.FOLDER,
    tarfile.SYMTYPE: EntryKind.SYMLINK,
    tarfile.LNKTYPE: EntryKind.HARDLINK,
}
_TIME = re.compile(r"(-?)(\d{1,11})(?:\.(\d*))?")


def read_entries(archive: DataTar) -> Iterator[tuple[Entry, tarfile.TarInfo]]:
    """Yield what the headers say, with the headers; names that are no paths are passed over.

    Raises:
        PackError: they are damaged.

    """
    while (info := archive.next()) is not None:
        cast("Any", archive).members.clear()  # else they add up, one for each file of the pack
        path = _path(info.name)
        kind = EntryKind.FILE if info.isreg() else _KINDS.get(info.type)
        if path is not None and kind is not None:
            try:
                entry = _entry(info, path, kind)
            except (tarfile.TarError, ValueError):
                raise DamagedPackError(archive.rpz_name) from None
            yield entry, info


def _entry(info: tarfile.TarInfo, path: bytes, kind: EntryKind) -> Entry:
    target = b""
    if kind is EntryKind.HARDLINK:
        target = _path(info.linkname) or b"/"
    elif kind is EntryKind.SYMLINK:
        target = info.linkname.encode("utf-8", "surrogateescape")
    return Entry(
        path=path,
        kind=kind,
        mode=info.mode & 0o7777,
        uid=info.uid,
        gid=info.gid,
        mtime=_time(info),
        size=info.size if kind is EntryKind.FILE else 0,
        target=target,
        extents=extents_of(info),
    )


def extents_of(info: tarfile.TarInfo) -> Extents | None:
    """Return where a file with holes has data; None: it has no holes.

    Raises:
        ReadError: the parts overlap, or lie beyond the file.

    """
    if not info.issparse():
        return None
    found = [piece for piece in cast("Any", info).sparse if piece[1]]
    place = 0
    for offset, length in found:
        if offset < place or length < 0:
            raise tarfile.ReadError("the parts of a file overlap")
        place = offset + length
    if place > info.size:
        raise tarfile.ReadError("the parts of a file are beyond its end")
    return tuple(found)


def open_stored(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    """Open what is stored of a file, one part after the other without the holes between them.

    Raises:
        ReadError: as :func:`extents_of`, or it isn't a file.

    """
    extents = extents_of(info)
    stored = copy.copy(info)
    if extents is not None:
        cast("Any", stored).sparse = None
        stored.size = sum(length for _, length in extents)
    file = archive.extractfile(stored)
    if file is None:
        raise tarfile.ReadError("it isn't a file")
    return file


def _path(name: str) -> bytes | None:
    with contextlib.suppress(UnicodeEncodeError):
        first, *parts = name.encode("utf-8", "surrogateescape").split(b"/")
        if first == PREFIX and b".." not in parts and b"\0" not in name.encode(errors="replace"):
            return b"/" + b"/".join(part for part in parts if part not in (b"", b"."))
    return None


def _time(info: tarfile.TarInfo) -> int:
    match = _TIME.fullmatch(info.pax_headers.get("mtime", str(info.mtime)))
    if match is None:
        return 0
    sign, whole, fraction = match.groups()
    time = int(whole) * NANO + int((fraction or "").ljust(9, "0")[:9])
    return -time if sign else time
