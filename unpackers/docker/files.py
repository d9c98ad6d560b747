"""Files that go into a container and come out of it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tarfile
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from docker.errors import NotFound
from rpaths import PosixPath

from rpz.unpackers.docker.engine import is_podman
from rpz.unpackers.errors import DockerError, NoSuchFileInTargetError, NotAFileError, readable
from rpz.unpackers.image import tarstream
from rpz.unpackers.members import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

LINKS = 40
"""Symbolic links that are followed before a path is called a loop: the kernel's number."""


@dataclass(frozen=True)
class Found:
    """A regular file in a container: where it really is, its attributes, its content."""

    path: PosixPath
    info: tarfile.TarInfo
    content: IO[bytes]


@contextlib.contextmanager
def opened(engine: APIClient, container: str, path: PosixPath) -> Iterator[Found]:
    """Open a file in a container, following links as the experiment would."""
    place = path
    for _ in range(LINKS):
        with _member(engine, container, place) as (archive, info, target):
            if info is not None and info.issym():
                place = _followed(place, info, target)
                continue
            content = archive.extractfile(info) if info is not None and info.isreg() else None
            if info is None or content is None:
                raise NotAFileError(path)
            yield Found(place, info, content)
            return
    raise NotAFileError(path)


@contextlib.contextmanager
def _member(
    engine: APIClient, container: str, path: PosixPath
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo | None, str | None]]:
    """Yield an archive, what of it a path names, and where a link leads as the engine has it.

    Engines that hand names on to a helper as JSON (Docker 20.10) find no file whose name isn't
    UTF-8, and send an empty archive: the file is then taken from one of its whole folder.
    """
    pieces, status = archive_of(engine, container, path)
    with read(pieces) as archive:
        info = archive.next()
        if info is not None:
            yield archive, info, status["linkTarget"]
            return
    pieces, _ = archive_of(engine, container, path.parent, b"/.")
    with read(pieces) as archive:
        yield archive, next((info for info in archive if name_in(info) == path.name), None), None


def read(pieces: Iterator[bytes]) -> tarfile.TarFile:
    """Open an archive that arrives in pieces."""
    incoming = cast("IO[bytes]", io.BufferedReader(tarstream.Incoming(pieces), BLOCK))
    return tarfile.open(fileobj=incoming, mode="r|", encoding="utf-8", errors="surrogateescape")


def name_in(info: tarfile.TarInfo) -> bytes | None:
    """Return the name of what is directly in a folder, of a member of the folder's archive."""
    name = info.name.encode("utf-8", "surrogateescape").removeprefix(b"./")
    return None if b"/" in name else name


def _followed(place: PosixPath, link: tarfile.TarInfo, target: str | None) -> PosixPath:
    """Return where a link leads: what the engine says, unless JSON couldn't carry the name."""
    if target is None or "\N{REPLACEMENT CHARACTER}" in target:
        return place.parent / link.linkname.encode("utf-8", "surrogateescape")
    return PosixPath(target.encode())


def archive_of(
    engine: APIClient, container: str, path: PosixPath, end: bytes = b""
) -> tuple[Iterator[bytes], dict[str, str]]:
    """Ask for a file as a tar archive; Docker takes a path as bytes, as it is (so the ``end``)."""
    _check_name(engine, path)
    try:
        pieces, status = engine.get_archive(container, cast("str", path.path + end))
    except NotFound as error:
        raise _missing(error, path) from error
    return iter(pieces), cast("dict[str, str]", status)


def _check_name(engine: APIClient, path: PosixPath) -> None:
    """Refuse a path that Podman would take for another one: it hands them on as JSON."""
    try:
        path.path.decode()
    except UnicodeDecodeError:
        if is_podman(engine):
            raise DockerError(
                f"Podman can't copy {readable(path.path)}: the name isn't UTF-8"
            ) from None


def _missing(error: NotFound, path: PosixPath) -> Exception:
    """Tell a file that doesn't exist from a container that doesn't."""
    return error if is_of_container(error) else NoSuchFileInTargetError(path)


def is_of_container(error: NotFound) -> bool:
    """Whether it is the container that an engine doesn't find, as Docker or Podman says it."""
    return "no such container" in str(error.explanation).lower()


def copy_in(
    engine: APIClient,
    container: str,
    path: PosixPath,
    source: IO[bytes],
    new: tarfile.TarInfo | None,
) -> None:
    """Replace a file in a container; ``new`` has the attributes of one that doesn't exist yet."""
    try:
        with opened(engine, container, path) as found:
            path, info = found.path, found.info
    except NoSuchFileInTargetError:
        if new is None:
            raise
        info = new
    header = tarfile.TarInfo(path.name.decode("utf-8", "surrogateescape"))
    header.mode, header.uid, header.gid = info.mode, info.uid, info.gid
    header.mtime = int(time.time())
    header.size = os.fstat(source.fileno()).st_size
    content = tarstream.entry(header, _exactly(header.size, source))
    put(engine, container, path.parent, content)


def _exactly(size: int, source: IO[bytes]) -> Iterator[bytes]:
    """Yield ``size`` bytes: what a file that shrinks meanwhile lacks is zeros, as on the disk."""
    while size:
        block = source.read(min(size, BLOCK)) or bytes(min(size, BLOCK))
        size -= len(block)
        yield block


def put(engine: APIClient, container: str, folder: PosixPath, member: Iterator[bytes]) -> None:
    """Extract a tar member into a folder of a container."""
    _check_name(engine, folder)
    try:
        engine.put_archive(container, cast("str", folder.path), _whole(member))
    except NotFound as error:
        raise _missing(error, folder) from error


def _whole(member: Iterator[bytes]) -> Iterator[bytes]:
    def archive() -> Iterator[bytes]:
        yield from member
        yield tarstream.END

    return tarstream.in_blocks(archive())


def copy_out(engine: APIClient, container: str, path: PosixPath, out: IO[bytes]) -> None:
    """Write the content of a file in a container to ``out``."""
    with opened(engine, container, path) as found:
        shutil.copyfileobj(found.content, out, BLOCK)
