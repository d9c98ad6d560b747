"""Read a ``.rpz``."""

from __future__ import annotations

import contextlib
import gzip
import json
import lzma
import re
import tarfile
import zlib
from typing import IO, TYPE_CHECKING, cast

from rpz.packer.archive import format as form
from rpz.packer.archive.format import PackError
from rpz.packer.archive.stream import opened_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

    from rpz.packer.archive.data import Summary
    from rpz.packer.config.model import Config

NEEDED = (form.DATA, form.VERSION, form.CONFIG)

MAX_CONFIG = 1 << 28
"""Bytes of a ``config.yml``; a million files make about half of that."""
MAX_SUMMARY = 1 << 16

DAMAGE = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, OverflowError)
"""What Python's modules raise for a file that is not what it seems."""


class Pack:
    """An open pack; a context manager that closes it."""

    def __init__(
        self, path: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]
    ) -> None:
        """Use :meth:`open`."""
        self.path = path
        self._tar = tar
        self._members = members

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open and check a pack.

        Raises:
            PackError: it is not a pack, is damaged, or was made by a newer version.

        """
        try:
            tar = tarfile.open(path)  # noqa: SIM115 (closed by __exit__)
        except (*DAMAGE, gzip.BadGzipFile):
            raise _not_a_pack(path) from None
        except IsADirectoryError:
            raise PackError(f"{path} is a folder, not a pack") from None
        try:
            pack = cls(path, tar, _members(path, tar))
            pack._check_version()
        except BaseException:
            tar.close()
            raise
        return pack

    def __enter__(self) -> Self:
        """Return the pack."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._tar.close()

    @property
    def config(self) -> Config:
        """What the pack says of itself.

        Raises:
            ConfigError: the ``config.yml`` in it is wrong.

        """
        from rpz.packer.config.identities import with_identities
        from rpz.packer.config.reader import parse_config

        config = parse_config(self._read(form.CONFIG, MAX_CONFIG), f"{self.path}:config.yml")
        if form.EXTENSIONS + form.PACKAGES not in self._members:
            return config
        return with_identities(config, self._read(form.EXTENSIONS + form.PACKAGES, MAX_CONFIG))

    @property
    def data_size(self) -> int:
        """How many bytes the data take in the pack."""
        return self._members[form.DATA].size

    @contextlib.contextmanager
    def data(self) -> Iterator[tarfile.TarFile]:
        """Open the packed files for one sequential pass, names ``DATA/...`` as stored.

        The check-sum of the data is verified when the context ends.

        Raises:
            PackError: the data are damaged; also from within the context.

        """
        with (
            self._member(form.DATA) as member,
            opened_data(member, str(self.path)) as tar,
        ):
            yield tar

    def metadata(self, name: str) -> IO[bytes]:
        """Open ``METADATA/<name>`` for reading; also one that was stored as ``<name>.gz``."""
        member = f"METADATA/{name}"
        if member not in self._members and f"{member}.gz" in self._members:
            return cast("IO[bytes]", gzip.open(self._member(f"{member}.gz")))
        return self._member(member)

    def extension(self, name: str) -> IO[bytes] | None:
        """Open ``EXTENSIONS/<name>`` for reading; None if the pack has none."""
        member = form.EXTENSIONS + name
        return self._member(member) if member in self._members else None

    def members(self) -> tuple[str, ...]:
        """Return the names of the files that the archive itself consists of."""
        return tuple(self._members)

    def summary(self) -> Summary:
        """Return what is in the data: as the pack says, else by a pass over all of it."""
        from rpz.packer.archive.data import Summary

        if form.EXTENSIONS + form.SUMMARY in self._members:
            with contextlib.suppress(ValueError, TypeError):
                return Summary(
                    **json.loads(self._read(form.EXTENSIONS + form.SUMMARY, MAX_SUMMARY))
                )
        files = folders = links = size = 0
        with self.data() as tar:
            for info in tar:
                folders += info.isdir()
                links += info.issym()
                files += info.isfile() or info.islnk()
                size += info.size
        return Summary(files, folders, links, size, "")

    def _check_version(self) -> None:
        text = self._read(form.VERSION, MAX_SUMMARY)
        if text == form.VERSION_TEXT:
            return
        match = re.fullmatch(rb"REPROZIP VERSION (\d{1,9})\s*", text)
        if match is None:
            raise _not_a_pack(self.path)
        version = int(match[1])
        remedy = "Upgrade rpz" if version > 2 else "Use ReproZip, or pack the experiment again"  # noqa: PLR2004
        raise PackError(f"{self.path} has version {version}, this rpz reads 2", remedy)

    def _read(self, name: str, limit: int) -> bytes:
        with self._member(name) as file:
            try:
                data = file.read(limit + 1)
            except (*DAMAGE, gzip.BadGzipFile):
                raise damaged(self.path) from None
        if len(data) > limit:
            raise PackError(f"{self.path} is not sound: its {name} is greater than {limit} bytes")
        return data

    def _member(self, name: str) -> IO[bytes]:
        info = self._members.get(name)
        if info is None:
            raise PackError(f"{self.path} has no {name}")
        file = self._tar.extractfile(info)
        if file is None or not info.isfile():
            raise PackError(f"{self.path} is not sound: its {name} is not a file")
        return file


def damaged(path: Path) -> PackError:
    """Return the error for a pack that was a pack once."""
    return PackError(f"{path} is damaged or cut short", "Copy or download it again")


def _members(path: Path, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """List the archive, and make sure that all of it is there."""
    try:
        members = {info.name: info for info in tar.getmembers()}
        _check_end(path, tar)
    except (*DAMAGE, gzip.BadGzipFile):
        raise damaged(path) from None
    missing = [name for name in NEEDED if name not in members]
    if missing and form.DATA in members:
        raise damaged(path)
    if missing:
        raise _not_a_pack(path)
    return members


def _check_end(path: Path, tar: tarfile.TarFile) -> None:
    """Refuse an archive whose end is missing, which tarfile lets pass."""
    for last in tar.getmembers()[-1:]:
        size = last.size if last.isfile() else 0
        end = last.offset_data + size + -size % tarfile.BLOCKSIZE
        if tar.fileobj is not None:
            tar.fileobj.seek(end)
            if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise damaged(path)


def _not_a_pack(path: Path) -> PackError:
    return PackError(f"{path} is not a pack", "Make one: rpz pack")
