"""Read a ``.rpz``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

    from rpz.packer.config.model import Config


class Pack:
    """An open pack; a context manager that closes it."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open and check a pack."""
        raise NotImplementedError

    @property
    def config(self) -> Config:
        """What the pack says of itself."""
        raise NotImplementedError

    @contextmanager
    def data(self) -> Iterator[tarfile.TarFile]:
        """Open the packed files for one sequential pass, names ``DATA/...`` as stored."""
        raise NotImplementedError

    def metadata(self, name: str) -> IO[bytes]:
        """Open ``METADATA/<name>`` for reading."""
        raise NotImplementedError
