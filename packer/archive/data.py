"""Write the data of a pack: a tar of everything, compressed, never whole in memory or on disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rpz.packer.archive.blockheader import header_bytes
from rpz.packer.archive.codecs import BLOCK
from rpz.packer.archive.format import PackError
from rpz.packer.archive.headers import Header, entry_of, status_of, text
from rpz.packer.archive.sparse import extents, sparse_header
from rpz.packer.before import Status
from rpz.packer.select import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rpz.packer.archive.blocks import BlockWriter
    from rpz.packer.archive.index import StoredBlock
    from rpz.packer.archive.manifest import ManifestWriter
    from rpz.packer.archive.members import Member
    from rpz.packer.archive.sparse import Extents

    Progress = Callable[[int], None]
    """Called with the number of bytes that were read from a file."""

    Digested = Callable[[bytes, str], None]
    """Called with the path in the archive and the SHA-256 of a file."""

EMPTY = hashlib.sha256().hexdigest()
"""Of a file without content."""

MODE_FOLDER = 0o755
MODE_LINK = 0o777


@dataclass(frozen=True)
class Summary:
    """What was written: counts, the files' bytes, and the digest of the manifest's lines."""

    files: int
    folders: int
    links: int
    bytes: int
    sha256: str

    def checked(self) -> Summary:
        """Return this, if it may be one.

        Raises:
            ValueError: a number is none.

        """
        numbers = (self.files, self.folders, self.links, self.bytes)
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise ValueError("not a summary")
        return self


@dataclass(frozen=True)
class Written:
    """What is in the data, and where: the CRC-32 of the tar, and its blocks."""

    summary: Summary
    crc: int
    blocks: Sequence[StoredBlock]


@dataclass(frozen=True)
class FolderTimes:
    """The times of folders, such that packing doesn't change them.

    A folder that was ``touched`` by rpz, or by anybody after the ``latest`` time (nanoseconds since
    1970), gets that time: what it had before is lost, and would differ the next time.
    """

    latest: int | None = None
    touched: frozenset[bytes] = frozenset()

    def of(self, path: bytes, found: int) -> int:
        """Return the time to pack for a folder that has ``found`` now."""
        if self.latest is None:
            return found
        return self.latest if path in self.touched else min(found, self.latest)


class _Watched:
    """Reads a file for the tar, digests it, and tells how far it is."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self._progress(len(data))
        return data

    def seek(self, offset: int) -> None:
        self._file.seek(offset)

    def exactly(self, size: int) -> bytes:
        """Read what the file system said is there."""
        data = self.read(size)
        while len(data) < size:
            more = self.read(size - len(data))
            if not more:
                raise OSError("unexpected end of data")
            data += more
        return data


def write_data(
    blocks: BlockWriter,
    members: Iterable[Member],
    manifest: ManifestWriter,
    progress: Progress,
    times: FolderTimes,
    digested: Digested,
) -> Written:
    """Write members, in their order, to ``blocks``, and what they are to the manifest; close both.

    ``digested`` is told of every file that was read whole, and may refuse it.

    Raises:
        PackError: a file can't be read, or changed while it was read.

    """
    with contextlib.closing(blocks):
        writer = _Writer(blocks, manifest, progress, times, digested)
        for member in members:
            writer.add(member)
        blocks.write(bytes(2 * tarfile.BLOCKSIZE))  # the end, filled up as tar does
        blocks.write(bytes(-blocks.tell() % tarfile.RECORDSIZE))
        blocks.finish()
        return Written(writer.summary(manifest.close()), blocks.crc, tuple(blocks.blocks))


class _Writer:
    def __init__(
        self,
        out: BlockWriter,
        manifest: ManifestWriter,
        progress: Progress,
        times: FolderTimes,
        digested: Digested,
    ) -> None:
        self._digested = digested
        self._out = out
        self._manifest = manifest
        self._progress = progress
        self._times = times
        self._first_names: dict[tuple[int, int], str] = {}
        self._count = dict.fromkeys(Kind, 0)
        self._bytes = 0

    def summary(self, digest: str) -> Summary:
        count = self._count
        return Summary(count[Kind.FILE], count[Kind.FOLDER], count[Kind.LINK], self._bytes, digest)

    def add(self, member: Member) -> None:
        self._count[member.kind] += 1
        if member.is_placeholder:
            self._add_placeholder(member)
            return
        if member.kind is Kind.FILE:
            self._add_file(member)
            return
        info = self._info(member)
        if member.kind is Kind.FOLDER:
            info.type = tarfile.DIRTYPE
        else:
            info.type = tarfile.SYMTYPE
            info.linkname = text(member.target or b"")
        self._put(info)

    def _info(self, member: Member) -> Header:
        """Return the header of a folder or link, with its source's attributes if it has one."""
        info = Header(member.path)
        info.mode = MODE_FOLDER if member.kind is Kind.FOLDER else MODE_LINK
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if member.source is not None:
                follow = member.kind is Kind.FOLDER
                info.set_status(status_of(os.stat(member.source, follow_symlinks=follow)))
        if member.on_the_way:
            info.set_time(0)
        elif member.kind is Kind.FOLDER:
            info.set_time(self._times.of(member.path, info.nanoseconds))
        return info

    def _add_placeholder(self, member: Member) -> None:
        info = Header(member.path)
        info.set_status(member.status or Status(0, 0, 0, 0))
        self._put(info, EMPTY)

    def _add_file(self, member: Member) -> None:
        source = member.source or member.path
        with _opened(source) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise PackError(f"{os.fsdecode(source)} is no longer a file", "Pack again")
            info = Header(member.path)
            info.set_status(member.status or status_of(before))
            if first := self._first_name(info.name, before, is_copy=source != member.path):
                info.type = tarfile.LNKTYPE
                info.linkname = first
                self._put(info)
                return
            info.size = before.st_size
            digest = self._copy(info, file, source)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise _changed(source)
        if digest is not None:
            self._digested(member.path, digest)
        self._bytes += info.size

    def _first_name(self, name: str, found: os.stat_result, *, is_copy: bool) -> str | None:
        """Return the name under which a file is in the data already.

        A copy that the tracer kept has one name, whatever the file had whose copy it is.
        """
        if found.st_nlink == 1 and not is_copy:
            return None
        first = self._first_names.setdefault((found.st_dev, found.st_ino), name)
        return None if first == name else first

    def _copy(self, info: Header, file: BinaryIO, source: bytes) -> str | None:
        """Write a file; return its SHA-256, unless it has holes, which are not read."""
        watched = _Watched(file, self._progress)
        start = self._out.tell()
        pieces = extents(file.fileno(), info.size)
        file.seek(0)
        try:
            if pieces is None:
                self._out.write(header_bytes(info))
                self._copy_piece(info.size, watched)
                self._out.write(bytes(-info.size % tarfile.BLOCKSIZE))
            else:
                self._copy_pieces(info, pieces, watched)
        except OSError as error:
            if error.errno is None:  # our own: there are fewer bytes than there were
                raise _changed(source) from None
            raise
        digest = watched.digest.hexdigest()
        self._tell(info, start, digest, pieces)
        return digest if pieces is None else None

    def _copy_pieces(self, info: Header, pieces: Extents, file: _Watched) -> None:
        """Write a file with holes."""
        self._out.write(sparse_header(info, pieces))
        stored = 0
        for offset, length in pieces:
            file.seek(offset)
            self._copy_piece(length, file)
            stored += length
        self._out.write(bytes(-stored % tarfile.BLOCKSIZE))
        self._progress(info.size - stored)

    def _copy_piece(self, length: int, file: _Watched) -> None:
        for place in range(0, length, BLOCK):
            self._out.write(file.exactly(min(BLOCK, length - place)))

    def _put(self, info: Header, digest: str | None = None) -> None:
        """Write a member that has no content."""
        start = self._out.tell()
        self._out.write(header_bytes(info))
        self._tell(info, start, digest)

    def _tell(
        self, info: Header, start: int, digest: str | None = None, pieces: Extents | None = None
    ) -> None:
        """Write down what was written."""
        span = (start, self._out.tell())
        self._manifest.add(entry_of(info, span, digest, pieces))


@contextlib.contextmanager
def _opened(source: bytes) -> Iterator[BinaryIO]:
    try:
        # A named pipe that took the file's place must not make rpz wait
        number = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise PackError(
            f"{os.fsdecode(source)} can't be packed: {error.strerror}",
            "Pack as the user who traced, or leave it out in config.yml",
        ) from None
    with open(number, "rb", buffering=0) as file:
        yield file


def _changed(source: bytes) -> PackError:
    return PackError(
        f"{os.fsdecode(source)} changed while it was being packed",
        "Pack again when nothing writes in it any more",
    )
