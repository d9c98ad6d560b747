"""Write a ``.rpz``."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import tarfile
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rpz.packer.archive import format as form
from rpz.packer.archive.data import write_data
from rpz.packer.atomic import replaced_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rpz.packer.archive.data import Progress, Summary
    from rpz.packer.archive.members import Member

MODE = 0o644
MODE_PROGRAM = 0o755

NAMESPACE = uuid.UUID("6f1cb1f0-6a2f-5c0b-9b1e-0c5d7c9d2f4e")
"""Of the ids that are derived from a pack's content."""


@dataclass(frozen=True)
class Content:
    """All that goes into a pack.

    ``config`` gives the text of its ``config.yml`` for the id that the content has turned out to
    have. ``extras`` are the files to store as ``EXTENSIONS/<name>``.
    """

    members: Sequence[Member]
    trace: Path
    config: Callable[[str], str]
    extras: Mapping[str, Path]


def write_archive(target: Path, content: Content, progress: Progress) -> Summary:
    """Write a pack; it appears under its name when it is whole.

    The same trace, ``config.yml`` and files give the same bytes.

    Raises:
        PackError: a file can't be read, or changed while it was read.

    """
    with replaced_file(target) as file:
        summary = _write_data_member(file, content.members, progress)
        with tarfile.TarFile(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
            _add_bytes(tar, form.VERSION, form.VERSION_TEXT)
            _add_file(tar, form.TRACE, content.trace, MODE)
            config = content.config(pack_id(summary))
            _add_bytes(tar, form.CONFIG, config.encode())
            words = json.dumps(dataclasses.asdict(summary)) + "\n"
            _add_bytes(tar, form.EXTENSIONS + form.SUMMARY, words.encode())
            for name, path in sorted(content.extras.items()):
                mode = MODE_PROGRAM if os.access(path, os.X_OK) else MODE
                _add_file(tar, form.EXTENSIONS + name, path, mode)
    return summary


def pack_id(summary: Summary) -> str:
    """Return the id of a pack with this data: always the same for the same data."""
    return str(uuid.uuid5(NAMESPACE, summary.sha256))


def _write_data_member(file: BinaryIO, members: Sequence[Member], progress: Progress) -> Summary:
    """Write the data where they will stay, then the header before them, when the size is known."""
    info = tarfile.TarInfo(form.DATA)
    info.mode = MODE
    file.write(bytes(tarfile.BLOCKSIZE))
    summary = write_data(file, members, progress)
    info.size = file.tell() - tarfile.BLOCKSIZE
    file.write(bytes(-info.size % tarfile.BLOCKSIZE))
    file.seek(0)
    file.write(info.tobuf(tarfile.GNU_FORMAT))
    file.seek(0, io.SEEK_END)
    return summary


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = MODE
    tar.addfile(info, io.BytesIO(data))


def _add_file(tar: tarfile.TarFile, name: str, path: Path, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.mode = mode
    with path.open("rb") as file:
        info.size = os.fstat(file.fileno()).st_size
        tar.addfile(info, file)
