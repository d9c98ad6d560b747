"""Write the data of a pack: a tar of everything, through gzip, never whole in memory or on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO

from zlib_ng import gzip_ng_threaded

from rpz.packer.archive.format import PREFIX, PackError
from rpz.packer.before import Status
from rpz.packer.select import Kind
from rpz.tracer.interrupts import interrupts_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rpz.packer.archive.members import Member

    Progress = Callable[[int], None]
    """Called with the number of bytes that were read from a file."""

LEVEL = 5
"""Of zlib-ng: on numpy and Python's library 23 times as fast as zlib at level 9 (two cores), 3 %
larger. The other fast library, ISA-L, is three times faster still, but 13 % larger at its best."""

MAX_THREADS = 8
BLOCK = 1 << 20
"""Bytes that a thread compresses at once, and that are read from a file at once."""

NANO = 1_000_000_000

MODE_FOLDER = 0o755
MODE_LINK = 0o777


@dataclass(frozen=True)
class Summary:
    """What was written: counts, the files' bytes, and a digest of all names and content."""

    files: int
    folders: int
    links: int
    bytes: int
    sha256: str


class _Tee(io.RawIOBase):
    """Passes on what the tar writes, and digests it."""

    def __init__(self, file: IO[bytes], check: Callable[[], None]) -> None:
        self._file = file
        self._check = check
        self._offset = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._check()
        self.digest.update(data)
        self._offset += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._offset


class _Watched(io.RawIOBase):
    """Reads a file for the tar, and tells how far it is."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._progress(len(data))
        return data


def write_data(out: BinaryIO, members: Sequence[Member], progress: Progress) -> Summary:
    """Write members, in their order, to ``out``.

    Raises:
        PackError: a file can't be read, or changed while it was read.

    """
    with interrupts_held() as check, _compressed(out) as zipped:
        tee = _Tee(zipped, check)
        with tarfile.TarFile(
            fileobj=tee,
            mode="w",
            format=tarfile.PAX_FORMAT,
            encoding="utf-8",
            errors="surrogateescape",
            copybufsize=BLOCK,
        ) as tar:
            writer = _Writer(tar, progress)
            for member in members:
                writer.add(member)
    return writer.summary(tee.digest.hexdigest())


@contextlib.contextmanager
def _compressed(out: BinaryIO) -> Iterator[IO[bytes]]:
    # With one thread blocks are cut otherwise: never one, so that all machines write the same bytes
    threads = min(max(len(os.sched_getaffinity(0)), 2), MAX_THREADS)
    zipped = gzip_ng_threaded.open(
        out, "wb", compresslevel=LEVEL, threads=threads, block_size=BLOCK
    )
    try:
        yield zipped
    except BaseException:
        with contextlib.suppress(OSError):
            zipped.close()  # else its threads would wait for ever
        raise
    zipped.close()


class _Writer:
    def __init__(self, tar: tarfile.TarFile, progress: Progress) -> None:
        self._tar = tar
        self._progress = progress
        self._first_names: dict[tuple[int, int], str] = {}
        self._count = dict.fromkeys(Kind, 0)
        self._bytes = 0

    def summary(self, digest: str) -> Summary:
        count = self._count
        return Summary(count[Kind.FILE], count[Kind.FOLDER], count[Kind.LINK], self._bytes, digest)

    def add(self, member: Member) -> None:
        self._count[member.kind] += 1
        if member.kind is Kind.FILE and not member.is_placeholder:
            self._add_file(member)
            return
        info = self._info(member)
        if member.is_placeholder:
            _set_attributes(info, member.status or Status(0, 0, 0, 0))
        elif member.kind is Kind.FOLDER:
            info.type = tarfile.DIRTYPE
        else:
            info.type = tarfile.SYMTYPE
            info.linkname = _text(member.target or b"")
        self._tar.addfile(info)

    def _info(self, member: Member) -> tarfile.TarInfo:
        """Return the header of a folder or link, with its source's attributes if it has one."""
        info = tarfile.TarInfo(_text(PREFIX + member.path))
        info.mode = MODE_FOLDER if member.kind is Kind.FOLDER else MODE_LINK
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if member.source is not None:
                follow = member.kind is Kind.FOLDER
                _set_attributes(info, _status(os.stat(member.source, follow_symlinks=follow)))
        if member.on_the_way:
            info.mtime, info.pax_headers = 0, {}
        return info

    def _add_file(self, member: Member) -> None:
        source = member.source or member.path
        with _opened(source) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise PackError(f"{os.fsdecode(source)} is no longer a file", "Pack again")
            info = tarfile.TarInfo(_text(PREFIX + member.path))
            _set_attributes(info, member.status or _status(before))
            first = self._first_names.setdefault((before.st_dev, before.st_ino), info.name)
            if first != info.name:
                info.type = tarfile.LNKTYPE
                info.linkname = first
                self._tar.addfile(info)
                return
            info.size = before.st_size
            self._copy(info, file, source)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise _changed(source)
        self._bytes += info.size

    def _copy(self, info: tarfile.TarInfo, file: BinaryIO, source: bytes) -> None:
        try:
            self._tar.addfile(info, _Watched(file, self._progress))
        except OSError as error:
            if error.errno is None:  # tarfile's own: it found fewer bytes than it was told
                raise _changed(source) from None
            raise


@contextlib.contextmanager
def _opened(source: bytes) -> Iterator[BinaryIO]:
    try:
        # A named pipe that took the file's place must not make rpz wait
        number = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise PackError(f"{os.fsdecode(source)} can't be packed: {error.strerror}") from None
    with open(number, "rb", buffering=0) as file:
        yield file


def _changed(source: bytes) -> PackError:
    return PackError(
        f"{os.fsdecode(source)} changed while it was being packed",
        "Pack again when nothing writes in it any more",
    )


def _status(found: os.stat_result) -> Status:
    return Status(found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns)


def _set_attributes(info: tarfile.TarInfo, status: Status) -> None:
    info.mode = status.mode & 0o7777
    info.uid, info.gid = status.uid, status.gid
    info.mtime = status.modified // NANO
    if status.modified % NANO:
        info.pax_headers = {"mtime": exact_seconds(status.modified)}


def exact_seconds(nanoseconds: int) -> str:
    """Return a time in seconds as a decimal number, to the nanosecond."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), NANO)
    return f"{sign}{seconds}.{rest:09d}"


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
