"""Folders and ZIP archives that appear whole or not at all, in the place of nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import zipfile
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.packer.atomic import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZIP = ".zip"
STORED = (".rpz", ".gz", ".zip", ".png", ".jpg")
"""Suffixes of what is compressed already."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of all members, so that the same export is the same archive: ZIP knows none before."""


class ExistsError(RpzError):
    """There is something already where an export should go."""


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give a new folder to fill, which is ``target`` then, or packed into it if that is a ZIP.

    Raises:
        ExistsError: ``target`` exists.

    """
    refuse_existing(target)
    folder = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    folder.mkdir()
    try:
        yield folder
        if target.suffix.lower() == ZIP:
            _pack(folder, target)
            return
        _sync(folder)
        refuse_existing(target)
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_existing(target: Path) -> None:
    """Raise :class:`ExistsError` if there is a ``target``."""
    if os.path.lexists(target):
        raise ExistsError(f"{target} exists", "Name another, or remove it first")


def files_of(folder: Path) -> list[Path]:
    """Return all files below a folder, in the same order every time."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pack(folder: Path, target: Path) -> None:
    with replaced_file(target, overwrite=False) as file, zipfile.ZipFile(file, "w") as archive:
        for path in files_of(folder):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EARLIEST)
            info.external_attr = 0o644 << 16
            info.compress_type = (
                zipfile.ZIP_STORED if path.suffix in STORED else zipfile.ZIP_DEFLATED
            )
            info.file_size = path.stat().st_size  # decides on ZIP64
            with path.open("rb") as data, archive.open(info, "w") as member:
                shutil.copyfileobj(data, member, 1 << 20)


def _sync(folder: Path) -> None:
    for path in files_of(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
