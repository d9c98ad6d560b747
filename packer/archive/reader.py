"""Read a ``.rpz``."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from typing import IO, TYPE_CHECKING, cast

from rpz.packer.archive import format as form
from rpz.packer.archive.access import Blocks, BlockStream
from rpz.packer.archive.codecs import BLOCK, CODECS, GZIP
from rpz.packer.archive.container import not_a_pack, open_container
from rpz.packer.archive.format import DamagedPackError, PackError
from rpz.packer.archive.index import NewIndexError, parsed_index
from rpz.packer.archive.limits import too_large, usual_limit
from rpz.packer.archive.manifest import EntryKind, read_manifest
from rpz.packer.archive.part import Part, in_words
from rpz.packer.archive.stream import DataTar, OldTar, opened_data, unzipped, zipped_metadata

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import Self

    from rpz.packer.archive.container import Container
    from rpz.packer.archive.data import Summary
    from rpz.packer.archive.index import Index
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.config.model import Config

NEEDED = (form.VERSION, form.CONFIG)

MAX_CONFIG = 1 << 30
"""Bytes of a ``config.yml``; a million inputs make about a fifth of that."""
IN_MEMORY = 1 << 22
"""Bytes of a longer one that are read in memory."""
MAX_PACKAGES = 1 << 26
"""Bytes of what a pack tells of its packages, some 150 each; they are read in memory."""
MAX_SUMMARY = 1 << 16
MAX_INDEX = 1 << 26
"""Bytes of the index; 20 for each MiB of data."""

OLD, CURRENT = 1, 2
"""ReproZip's versions of the format."""


class Pack:
    """An open pack; a context manager that closes it."""

    def __init__(self, path: Path, container: Container, limit: int) -> None:
        """Use :meth:`open`."""
        self.path = path
        self.limit = limit
        self._container = container
        self._names = frozenset(container.names())
        self.version = self._checked_version()
        self.index = self._read_index()

    @classmethod
    def open(cls, path: Path, limit: int | None = None) -> Self:
        """Open and check a pack: ReproZip's, too, of version 1 or 2, a tar or a ZIP.

        Its files are only read if they take no more than ``limit`` bytes; None: no more than is
        usual for a pack of its size (:mod:`rpz.packer.archive.limits`).

        Raises:
            PackError: it is not a pack, is damaged, or was made by a newer version.

        """
        container = open_container(path)
        try:
            return cls(
                path, container, usual_limit(path.stat().st_size) if limit is None else limit
            )
        except BaseException:
            container.close()
            raise

    def __enter__(self) -> Self:
        """Return the pack."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._container.close()

    @property
    def config(self) -> Config:
        """What the pack says of itself.

        Raises:
            ConfigError: the ``config.yml`` in it is wrong.

        """
        from rpz.packer.config.identities import with_identities
        from rpz.packer.config.reader import load_config

        with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
            for block in self._blocks_of(form.CONFIG, MAX_CONFIG):
                copy.write(block)
            copy.seek(0)
            config = load_config(cast("IO[bytes]", copy), f"{self.path}:config.yml")
        if form.EXTENSIONS + form.PACKAGES not in self._names:
            return config
        return with_identities(config, self._read(form.EXTENSIONS + form.PACKAGES, MAX_PACKAGES))

    @property
    def data_name(self) -> str | None:
        """The member that has the data; None: they are in the outer archive (version 1)."""
        if self.index is not None:
            return CODECS[self.index.compression].name
        names = (codec.name for codec in CODECS.values())
        return next((name for name in names if name in self._names), None)

    @property
    def compression(self) -> str:
        """The name of the data's compression; it is a guess for packs that aren't of rpz."""
        found = (codec.key for codec in CODECS.values() if codec.name == self.data_name)
        return next(found, GZIP.key)

    @contextlib.contextmanager
    def data(self) -> Iterator[DataTar]:
        """Open the packed files for one sequential pass, names ``DATA/...`` as stored.

        The check-sum of the data is verified when the context ends.

        Raises:
            PackError: the data are damaged; also from within the context.

        """
        with contextlib.ExitStack() as stack:
            kind = DataTar if self.data_name else OldTar
            yield stack.enter_context(
                opened_data(self._stream(stack), str(self.path), kind, limit=self.limit)
            )

    @contextlib.contextmanager
    def tar(self) -> Iterator[io.RawIOBase]:
        """Open the tar that has the packed files, for one sequential pass over its bytes."""
        with contextlib.ExitStack() as stack:
            yield self._stream(stack)

    def _stream(self, stack: contextlib.ExitStack) -> io.RawIOBase:
        """Open the tar that has the packed files; ``stack`` closes it."""
        if self.index is not None:
            blocks = stack.enter_context(self.blocks())
            stream = BlockStream(blocks.to_the_end, DamagedPackError(self.path))
            stack.callback(stream.close)
            return stream
        file = self.member(self.data_name) if self.data_name else self.path.open("rb")
        stack.callback(file.close)
        return unzipped(file, str(self.path))

    @contextlib.contextmanager
    def blocks(self) -> Iterator[Blocks]:
        """Open the data to read any part of them; only of a pack that has an index."""
        assert self.index is not None  # noqa: S101 (the caller has looked)
        if self.index.size > self.limit:
            raise too_large(self.path, self.limit)
        name = CODECS[self.index.compression].name
        with self.member(name) as file:
            size = self._container.size(name)
            yield Blocks(file, size, self.index, DamagedPackError(self.path))

    def entries(self) -> Iterator[Entry]:
        """Yield what every packed name is: from the manifest, else by a pass over all data.

        Raises:
            PackError: the manifest or the data are damaged.

        """
        if self.index is not None:
            with self.member(form.EXTENSIONS + form.MANIFEST) as file:
                try:
                    yield from read_manifest(file)
                except ValueError:
                    name = form.EXTENSIONS + form.MANIFEST
                    raise DamagedPackError(self.path, f"is damaged: its {name}") from None
            return
        from rpz.packer.archive.entries import read_entries

        with self.data() as tar:
            yield from (entry for entry, _ in read_entries(tar))

    def metadata(self, name: str) -> IO[bytes]:
        """Open ``METADATA/<name>`` for reading; also one that was stored as ``<name>.gz``."""
        member = f"METADATA/{name}"
        if member not in self._names and f"{member}.gz" in self._names:
            return zipped_metadata(self.member(f"{member}.gz"))
        return self.member(member)

    def extension(self, name: str) -> IO[bytes] | None:
        """Open ``EXTENSIONS/<name>`` for reading; None if the pack has none."""
        member = form.EXTENSIONS + name
        return self.member(member) if member in self._names else None

    def members(self) -> tuple[str, ...]:
        """Return the names of the files that the archive itself consists of."""
        return tuple(self._container.names())

    def summary(self) -> Summary:
        """Return what is in the data: as the pack says, else by a pass over all of it."""
        from rpz.packer.archive.data import Summary

        if form.EXTENSIONS + form.SUMMARY in self._names:
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                told = json.loads(self._read(form.EXTENSIONS + form.SUMMARY, MAX_SUMMARY))
                return Summary(**told).checked()
        count = dict.fromkeys(EntryKind, 0)
        size = 0
        for entry in self.entries():
            count[entry.kind] += 1
            size += entry.size
        files = count[EntryKind.FILE] + count[EntryKind.HARDLINK]
        return Summary(files, count[EntryKind.FOLDER], count[EntryKind.SYMLINK], size, "")

    def gaps(self) -> Iterator[tuple[str, IO[bytes], int]]:
        """Yield what should be zeros between the members, where the archive is a plain tar."""
        return self._container.gaps()

    def member(self, name: str) -> IO[bytes]:
        """Open a member of the archive.

        Raises:
            PackError: there is none of that name, or it isn't a file.

        """
        if name not in self._names:
            raise PackError(f"{self.path} has no {name}")
        with in_words(self.path):
            file = self._container.open(name)
        if file is None:
            raise PackError(f"{self.path} is not sound: its {name} is not a file")
        return cast("IO[bytes]", Part(file, self.path))

    def _checked_version(self) -> int:
        has_data = self._container.holds_data or any(c.name in self._names for c in CODECS.values())
        missing = [name for name in NEEDED if name not in self._names]
        if missing and has_data:
            raise DamagedPackError(self.path)
        if missing:
            raise not_a_pack(self.path)
        text = self._read(form.VERSION, MAX_SUMMARY)
        versions = {form.OLD_VERSION_TEXT: OLD, form.VERSION_TEXT: CURRENT}
        if text not in versions:
            self._refuse(text)
        if self._container.holds_data != (versions[text] == OLD) or not has_data:
            raise not_a_pack(self.path)
        return versions[text]

    def _refuse(self, text: bytes) -> None:
        match = re.fullmatch(rb"REPROZIP VERSION (\d{1,9})\s*", text)
        if match is None:
            raise DamagedPackError(self.path, f"is damaged: its {form.VERSION} is no version")
        raise PackError(
            f"{self.path} has version {int(match[1])}, this rpz reads {OLD} and {CURRENT}",
            "Upgrade rpz",
        )

    def _read_index(self) -> Index | None:
        """Return the index; None: another program or an older rpz made the pack."""
        name = form.EXTENSIONS + form.INDEX
        if name not in self._names:
            return None
        try:
            return parsed_index(self._read(name, MAX_INDEX))
        except NewIndexError as error:
            raise PackError(f"{self.path} is of a newer rpz: {error}", "Upgrade rpz") from None
        except ValueError as error:
            raise DamagedPackError(self.path, f"is damaged: its {name}: {error}") from None

    def _read(self, name: str, limit: int) -> bytes:
        return b"".join(self._blocks_of(name, limit))

    def _blocks_of(self, name: str, limit: int) -> Iterator[bytes]:
        """Yield what is in a member of at most so many bytes."""
        left = limit
        with self.member(name) as file:
            while data := file.read(BLOCK):
                left -= len(data)
                if left < 0:
                    raise PackError(
                        f"{self.path} is not sound: its {name} is greater than {limit} bytes"
                    )
                yield data
