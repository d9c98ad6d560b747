"""Headers of a tar that anybody may have made, read without harm."""

from __future__ import annotations

import tarfile as tar
from tarfile import (  # type: ignore[attr-defined]  # the first is not in the stubs
    EOFHeaderError,
    HeaderError,
    ReadError,
)
from typing import TYPE_CHECKING, Any, cast

from rpz.packer.archive.limits import MAX_HEADER

if TYPE_CHECKING:
    from typing_extensions import Self


class Info(tar.TarInfo):
    """A header that can't fill the memory, nor lead tarfile back to where it has been."""

    @classmethod
    def fromtarfile(cls, tarfile: tar.TarFile) -> Self:
        """Read the next one."""
        archive = cast("Any", tarfile)
        file = archive.fileobj
        archive.fileobj = file if isinstance(file, _Bounded) else _Bounded(file)
        try:
            info = super().fromtarfile(tarfile)
        finally:
            archive.fileobj = file
        if info.size < 0:
            raise ReadError("a member has a size below zero")
        return info


class StrictInfo(Info):
    """A header; one that is not sound is an error, where tarfile would take it for the end."""

    @classmethod
    def fromtarfile(cls, tarfile: tar.TarFile) -> Self:
        """Read the next one."""
        try:
            return super().fromtarfile(tarfile)
        except EOFHeaderError:
            raise
        except HeaderError as error:
            raise ReadError(str(error)) from None


class _Bounded:
    """The file of an archive while a header is read: PAX records and lists of holes have an end."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MAX_HEADER

    def read(self, size: int) -> bytes:
        self._left -= size
        if size < 0 or self._left < 0:
            raise ReadError("the headers of a member are too long")
        return bytes(self._file.read(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
