"""Store something small in a pack anew, the rest of it copied as it is."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tarfile
from typing import TYPE_CHECKING, BinaryIO

from rpz.packer.archive import format as form
from rpz.packer.archive.codecs import BLOCK
from rpz.packer.archive.format import DamagedPackError, PackError
from rpz.packer.archive.index import Part, index_bytes
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.writer import MODE
from rpz.packer.atomic import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.packer.archive.index import Index

INDEX = form.EXTENSIONS + form.INDEX


def set_extension(path: Path, name: str, data: bytes | None) -> None:
    """Store ``EXTENSIONS/<name>`` in a pack, or take it out (None); nothing is compressed anew.

    The pack appears under its name again when it is whole; it is as if it had been made so.

    Raises:
        PackError: it isn't a pack, or one whose outer archive is compressed, or a ZIP.

    """
    with Pack.open(path) as pack:
        index = pack.index
    target = path.resolve()  # a link stays one
    mode = target.stat().st_mode & 0o7777
    member = form.EXTENSIONS + name
    with _plain(path) as tar, target.open("rb") as old, replaced_file(target) as new:
        os.fchmod(new.fileno(), mode)
        for start, end in _kept(tar, {member, INDEX}):
            _copy(old, new, start, end)
        if data is not None:
            _add(new, member, data)
        if index is not None:
            _add(new, INDEX, index_bytes(_with_part(index, member, data)))
        new.write(bytes(-(new.tell() + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE))
        new.write(bytes(2 * tarfile.BLOCKSIZE))


def _plain(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except tarfile.TarError:
        raise PackError(
            f"{path} is compressed as a whole, or a ZIP: nothing can be changed in it",
            "Unpack that first (gunzip, say), or make the pack anew: rpz pack",
        ) from None


def _kept(tar: tarfile.TarFile, without: set[str]) -> Iterator[tuple[int, int]]:
    """Yield where in the archive the members are that stay, their headers included."""
    start = 0
    for info in tar:
        end = info.offset_data + (info.size if info.isfile() else 0)
        end += -end % tarfile.BLOCKSIZE
        if info.name not in without:
            yield start, end
        start = end
        tar.members.clear()  # type: ignore[attr-defined]  # a million in version 1


def _copy(old: BinaryIO, new: BinaryIO, start: int, end: int) -> None:
    old.seek(start)
    while start < end:
        block = old.read(min(BLOCK, end - start))
        if not block:
            raise DamagedPackError(old.name)
        new.write(block)
        start += len(block)


def _add(new: BinaryIO, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.mode, info.size = MODE, len(data)
    new.write(info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE))


def _with_part(index: Index, member: str, data: bytes | None) -> Index:
    parts = {name: part for name, part in index.parts.items() if name != member}
    if data is not None:
        parts[member] = Part(len(data), MODE, hashlib.sha256(data).hexdigest())
    return dataclasses.replace(index, parts=parts)
