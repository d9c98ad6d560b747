"""The outer archive: a tar, compressed or not, or a ZIP; as a few named files."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from rpz.packer.archive.format import DamagedPackError, PackError
from rpz.packer.archive.info import Info
from rpz.packer.archive.limits import MAX_PARTS
from rpz.packer.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAMAGE = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError,
    ValueError, OverflowError, NotImplementedError, RuntimeError, IndexError, KeyError,
)  # fmt: skip
"""What Python's modules raise for a file that is not what it seems."""

IN_TAR = "DATA/"
"""What begins the names of packed files that are members of the outer archive (version 1)."""
ZIP = b"PK\x03\x04"


class Container(Protocol):
    """An open archive; ``holds_data`` tells that the packed files are in it one by one."""

    holds_data: bool

    def names(self) -> list[str]:
        """Return the names of its files, the packed ones left out."""

    def size(self, name: str) -> int:
        """Return the bytes of one of them."""

    def open(self, name: str) -> IO[bytes] | None:
        """Open one of them; None: it isn't a file."""

    def gaps(self) -> Iterator[tuple[str, IO[bytes], int]]:
        """Yield what should be zeros: after which member, a file there, how many (-1: all)."""

    def close(self) -> None:
        """Close it."""


class TarContainer:
    """A tar that Python's tarfile knows, its end checked."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        """List it; see :func:`open_container`."""
        self._tar = tar
        self.members: dict[str, tarfile.TarInfo] = {}
        self.holds_data = False
        last = None
        for last in _listed(path, tar):
            if last.name == "DATA" or last.name.startswith(IN_TAR):
                self.holds_data = True
            else:
                self._add(path, last)
        _check_end(path, tar, last)

    def _add(self, path: Path, member: tarfile.TarInfo) -> None:
        if member.name in self.members:
            raise PackError(f"{path} is not sound: it has {member.name!a} twice")
        if len(self.members) >= MAX_PARTS:
            raise PackError(f"{path} is not sound: it has too many members")
        self.members[member.name] = member

    def names(self) -> list[str]:
        """Return the names of its files."""
        return list(self.members)

    def size(self, name: str) -> int:
        """Return the bytes of one of them."""
        return self.members[name].size

    def open(self, name: str) -> IO[bytes] | None:
        """Open one of them; None: it isn't a file."""
        info = self.members[name]
        return self._tar.extractfile(info) if info.isfile() else None

    def gaps(self) -> Iterator[tuple[str, IO[bytes], int]]:
        """Yield what should be zeros; of a compressed tar the check-sum tells of that."""
        if self.holds_data or not isinstance(self._tar.fileobj, io.BufferedReader):
            return
        name = ""
        for name, info in self.members.items():
            end = info.offset_data + (info.size if info.isfile() else 0)
            self._tar.fileobj.seek(end)
            yield name, self._tar.fileobj, -end % tarfile.BLOCKSIZE
        yield name, self._tar.fileobj, -1

    def close(self) -> None:
        """Close it."""
        self._tar.close()


class ZipContainer:
    """A ZIP."""

    holds_data = False

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """See :func:`open_container`."""
        self._archive = archive

    def names(self) -> list[str]:
        """Return the names of its files."""
        names = self._archive.namelist()
        return [name for name in names if not name.endswith("/")]

    def size(self, name: str) -> int:
        """Return the bytes of one of them."""
        return self._archive.getinfo(name).file_size

    def open(self, name: str) -> IO[bytes] | None:
        """Open one of them."""
        return self._archive.open(name)

    def gaps(self) -> Iterator[tuple[str, IO[bytes], int]]:
        """Yield nothing: a ZIP has none."""
        return iter(())

    def close(self) -> None:
        """Close it."""
        self._archive.close()


def open_container(path: Path) -> Container:
    """Open an archive.

    Raises:
        PackError: it is none, or not all of it is there.

    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(len(ZIP)) == ZIP
    except IsADirectoryError:
        raise PackError(f"{path} is a folder, not a pack", "Name the pack's file") from None
    return _open_zip(path) if is_zip else _open_tar(path)


def _open_zip(path: Path) -> Container:
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGE, OSError):
        raise DamagedPackError(path, "is not a pack, or one that is damaged or cut short") from None
    names = archive.namelist()
    if len(set(names)) < len(names):
        archive.close()
        raise PackError(f"{path} is not sound: it has a member twice")
    return ZipContainer(archive)


def _open_tar(path: Path) -> Container:
    try:
        tar = tarfile.open(path, tarinfo=Info)  # noqa: SIM115 (closed by the container)
    except DAMAGE:
        raise not_a_pack(path) from None
    try:
        return TarContainer(path, tar)
    except DAMAGE:
        tar.close()
        raise DamagedPackError(path) from None
    except BaseException:
        tar.close()
        raise


def not_a_pack(path: Path) -> PackError:
    """Return the error for a file that was never a pack."""
    return PackError(f"{path} is not a pack", "Make one: rpz pack")


def _listed(path: Path, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while True:
        try:
            info = tar.next()
        except tarfile.ReadError:
            raise _cut(path, cast("Any", tar).offset) from None
        if info is None:
            return
        cast("Any", tar).members.clear()  # those of version 1 may be a million
        yield info


def _check_end(path: Path, tar: tarfile.TarFile, last: tarfile.TarInfo | None) -> None:
    """Refuse an archive whose end is missing, which tarfile lets pass."""
    if last is None or tar.fileobj is None:
        return
    size = last.size if last.isfile() else 0
    end = last.offset_data + size + -size % tarfile.BLOCKSIZE
    tar.fileobj.seek(end)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise _cut(path, end, last.name)


def _cut(path: Path, end: int, last: str = "") -> PackError:
    """Say how much of a plain tar is missing that should go on until ``end``, and after it."""
    with contextlib.suppress(OSError):
        missing = end - path.stat().st_size
        if _is_plain(path) and missing > 0:
            least = human_size(missing)
            return DamagedPackError(path, f"is cut short: {least} or more of it are missing")
        if _is_plain(path) and missing > -tarfile.BLOCKSIZE:
            return DamagedPackError(path, "is cut short: its last members are missing")
    if last:
        return DamagedPackError(path, f"is damaged behind its {last}, or cut short")
    return DamagedPackError(path)


def _is_plain(path: Path) -> bool:
    try:
        tarfile.open(path, "r:").close()
    except tarfile.TarError:
        return False
    return True
