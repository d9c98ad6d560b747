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
        pieces, status = _archive(engine, container, place)
        incoming = cast("IO[bytes]", io.BufferedReader(tarstream.Incoming(pieces), BLOCK))
        with tarfile.open(fileobj=incoming, mode="r|", errors="surrogateescape") as archive:
            info = archive.next()
            if info is not None and info.issym():
                place = _followed(place, info, status["linkTarget"])
                continue
            content = archive.extractfile(info) if info is not None and info.isreg() else None
            if info is None or content is None:
                raise NotAFileError(path)
            yield Found(place, info, content)
            return
    raise NotAFileError(path)


def _followed(place: PosixPath, link: tarfile.TarInfo, target: str) -> PosixPath:
    """Return where a link leads: what the engine says, unless JSON couldn't carry the name."""
    if "\N{REPLACEMENT CHARACTER}" in target:
        return place.parent / link.linkname.encode("utf-8", "surrogateescape")
    return PosixPath(target.encode())


def _archive(
    engine: APIClient, container: str, path: PosixPath
) -> tuple[Iterator[bytes], dict[str, str]]:
    """Ask for a file as a tar archive; Docker takes a path as bytes."""
    _check_name(engine, path)
    try:
        pieces, status = engine.get_archive(container, cast("str", path.path))
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
    if "No such container" in str(error.explanation):
        return error
    return NoSuchFileInTargetError(path)


_REMOVED = 2
"""The kind of a change (``GET /containers/ID/changes``): 0 changed, 1 made, 2 removed."""
_GO_FOLDER = 1 << 31
"""The bit of a mode that says folder, as Go has it, in which the engine is written."""
_NOT_ITS_OWN = (b".rpz", b".dockerenv", b"proc", b"sys", b"dev")


def changed(engine: APIClient, container: str) -> Iterator[bytes]:
    """Yield what isn't a folder, isn't rpz's, and was made or changed in a container.

    A byte that isn't UTF-8 is what the engine makes of it in JSON: U+FFFD.
    """
    found = engine.diff(container) or ()
    paths = {PosixPath(change["Path"].encode()): change["Kind"] for change in found}
    folders = {path.parent for path in paths}
    for path, kind in paths.items():
        if kind == _REMOVED or path in folders or path.path.split(b"/")[1] in _NOT_ITS_OWN:
            continue
        if not _is_folder(engine, container, path):
            yield path.path


def _is_folder(engine: APIClient, container: str, path: PosixPath) -> bool:
    try:
        _, status = _archive(engine, container, path)
    except NoSuchFileInTargetError:  # its name isn't UTF-8
        return False
    return int(status["mode"]) & _GO_FOLDER != 0


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
