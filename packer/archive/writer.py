"""Write a ``.rpz``."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import tarfile
import tempfile
import uuid
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, BinaryIO

from rpz.packer.archive import format as form
from rpz.packer.archive.blocks import BlockWriter
from rpz.packer.archive.codecs import BLOCK, GZIP, Codec
from rpz.packer.archive.data import FolderTimes, write_data
from rpz.packer.archive.format import PackError
from rpz.packer.archive.index import Index, Part, index_bytes
from rpz.packer.archive.manifest import ManifestWriter
from rpz.packer.archive.room import Room
from rpz.packer.atomic import replaced_file
from rpz.tracer.interrupts import interrupts_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rpz.packer.archive.data import Digested, Progress, Summary, Written
    from rpz.packer.archive.members import Member

MODE = 0o644
MODE_PROGRAM = 0o755

NAMESPACE = uuid.UUID("6f1cb1f0-6a2f-5c0b-9b1e-0c5d7c9d2f4e")
"""Of the ids that are derived from a pack's content."""


@dataclass(frozen=True)
class Content:
    """All that goes into a pack.

    ``config`` gives the text of its ``config.yml``, in pieces, for the id that the content has
    turned out to have. ``extras`` are the files to store as ``EXTENSIONS/<name>``. ``size`` is
    about how many bytes the files have, to tell what room they need. ``digested`` is told the path
    and the SHA-256 of every file that was read whole, and may refuse it.
    """

    members: Iterable[Member]
    trace: Path
    config: Callable[[str], Iterable[str]]
    extras: Mapping[str, Path]
    codec: Codec = GZIP
    times: FolderTimes = field(default_factory=FolderTimes)
    size: int = 0
    digested: Digested = lambda _path, _sha256: None


def write_archive(
    target: Path, content: Content, progress: Progress, *, overwrite: bool = True
) -> Summary:
    """Write a pack; it appears under its name when it is whole.

    The same trace, ``config.yml`` and files give the same bytes.

    Raises:
        PackError: a file can't be read, or changed while it was read; there is no room; there is a
            ``target`` and no ``overwrite``.

    """
    room = Room(content.size)
    with (
        _existing_told(target),
        room.told(target),
        replaced_file(target, overwrite=overwrite) as file,
        tempfile.TemporaryFile(dir=target.parent) as manifest,
        tempfile.TemporaryFile(dir=target.parent) as config,
    ):
        return _write(file, (manifest, config), content, progress, room)


@contextlib.contextmanager
def _existing_told(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise exists_already(target) from None


def exists_already(target: Path) -> PackError:
    """Return the error for a pack that must not be replaced."""
    return PackError(f"{target} exists already", "Choose another name, or replace it: --overwrite")


def _write(
    file: BinaryIO,
    aside: tuple[IO[bytes], IO[bytes]],
    content: Content,
    progress: Progress,
    room: Room,
) -> Summary:
    manifest, config = aside
    lines = ManifestWriter(manifest)
    written = _write_data_member(file, content, lines, progress, room)
    with tarfile.TarFile(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        parts = _Parts(tar)
        parts.add_bytes(form.VERSION, form.VERSION_TEXT)
        trace = parts.add_file(form.TRACE, content.trace, MODE)
        ids = (written.summary.sha256, trace, _digest_of(content.config("")))
        config.writelines(piece.encode() for piece in content.config(pack_id(*ids)))
        parts.add(form.CONFIG, config, MODE)
        words = json.dumps(dataclasses.asdict(written.summary)) + "\n"
        parts.add_bytes(form.EXTENSIONS + form.SUMMARY, words.encode())
        parts.add(form.EXTENSIONS + form.MANIFEST, manifest, MODE)
        for name, path in sorted(content.extras.items()):
            mode = MODE_PROGRAM if os.access(path, os.X_OK) else MODE
            parts.add_file(form.EXTENSIONS + name, path, mode)
        index = Index(
            content.codec.key, written.crc, lines.count, written.blocks, dict(parts.parts)
        )
        parts.add_bytes(form.EXTENSIONS + form.INDEX, index_bytes(index))
    return written.summary


def pack_id(manifest: str, trace: str, config: str) -> str:
    """Return the id of a pack: always the same for the same content.

    All are digests, ``config`` of the text without an id.
    """
    return str(uuid.uuid5(NAMESPACE, f"{manifest} {trace} {config}"))


def _digest_of(pieces: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece.encode())
    return digest.hexdigest()


def _write_data_member(
    file: BinaryIO, content: Content, manifest: ManifestWriter, progress: Progress, room: Room
) -> Written:
    """Write the data where they will stay, then the header before them, when the size is known."""
    info = tarfile.TarInfo(content.codec.name)
    info.mode = MODE
    file.write(bytes(tarfile.BLOCKSIZE))
    with interrupts_held() as check:
        blocks = BlockWriter(file, content.codec, check, room.block)
        written = write_data(
            blocks, content.members, manifest, progress, content.times, content.digested
        )
    info.size = file.tell() - tarfile.BLOCKSIZE
    file.write(bytes(-info.size % tarfile.BLOCKSIZE))
    file.seek(0)
    file.write(info.tobuf(tarfile.GNU_FORMAT))
    file.seek(0, io.SEEK_END)
    return written


class _Parts:
    """The members besides the data, and what is told of them in the index."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.parts: dict[str, Part] = {}

    def add_bytes(self, name: str, data: bytes) -> None:
        self.add(name, io.BytesIO(data), MODE)

    def add_file(self, name: str, path: Path, mode: int) -> str:
        with path.open("rb") as file:
            return self.add(name, file, mode)

    def add(self, name: str, file: IO[bytes], mode: int) -> str:
        """Copy a file from its beginning; return its digest."""
        info = tarfile.TarInfo(name)
        info.mode = mode
        info.size = file.seek(0, io.SEEK_END)
        digest = _digest(file)
        file.seek(0)
        self._tar.addfile(info, file)
        self.parts[name] = Part(info.size, mode, digest)
        return digest


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()
