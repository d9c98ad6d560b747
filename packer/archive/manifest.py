"""What every packed name is, and where in the data: a line of JSON each."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import IO, TYPE_CHECKING, Any

from zlib_ng import gzip_ng, zlib_ng

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 1 << 18
"""Bytes of lines that are compressed together."""
MAX_LINE = 1 << 24
"""Bytes of a line; one of a file of 50 GB with a hole in every second MiB has less than 1 MB."""


class EntryKind(Enum):
    """What a packed name is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"


@dataclass(frozen=True)
class Entry:
    """One packed name.

    ``path`` is absolute, in the experiment; ``mode`` its permission bits, ``mtime`` nanoseconds
    since 1970. ``size`` is a file's, holes included, ``sha256`` that of its content (of the
    extents, where it has holes); None: not known. ``target`` is the text of a symbolic link or the
    path that a hard link shares the file of. ``start`` and ``end`` are where the member is in the
    tar, ``content`` where its bytes are; -1: not known. ``extents`` are the parts of a file with
    holes that hold data, as offsets and lengths.
    """

    path: bytes
    kind: EntryKind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    sha256: str | None = None
    target: bytes = b""
    start: int = -1
    content: int = -1
    end: int = -1
    extents: tuple[tuple[int, int], ...] | None = None

    @property
    def stored(self) -> int:
        """How many bytes of content are in the data."""
        if self.extents is None:
            return self.size
        return sum(length for _, length in self.extents)

    @property
    def pieces(self) -> tuple[tuple[int, int], ...]:
        """The extents; of a file without holes, all of it."""
        return ((0, self.size),) if self.extents is None else self.extents


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return what the manifest says of an entry."""
    document: dict[str, Any] = {
        "path": _text(entry.path),
        "type": entry.kind.value,
        "mode": entry.mode,
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime": entry.mtime,
    }
    if entry.start >= 0:
        document |= {"start": entry.start, "end": entry.end}
    if entry.kind is EntryKind.FILE:
        document["size"] = entry.size
        if entry.sha256 is not None:
            document |= {"content": entry.content, "sha256": entry.sha256}
        if entry.extents is not None:
            document["extents"] = entry.extents
    elif entry.kind is not EntryKind.FOLDER:
        document["target"] = _text(entry.target)
    return document


class ManifestWriter:
    """Writes lines to a file, compressed, and digests them as they were before that."""

    def __init__(self, out: IO[bytes]) -> None:
        """Write to ``out``; :meth:`close` leaves that open."""
        self._zipped = gzip_ng.GzipNGFile("", "wb", fileobj=out, mtime=0, compresslevel=6)
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self.count = 0

    def add(self, entry: Entry) -> None:
        """Write one line."""
        self._waiting += json.dumps(entry_json(entry)).encode() + b"\n"
        self.count += 1
        if len(self._waiting) > AT_ONCE:
            self._flush()

    def close(self) -> str:
        """Write the end, and return the digest."""
        self._flush()
        self._zipped.close()
        return self._digest.hexdigest()

    def _flush(self) -> None:
        self._digest.update(self._waiting)
        self._zipped.write(bytes(self._waiting))
        self._waiting.clear()


def read_manifest(file: IO[bytes]) -> Iterator[Entry]:
    """Yield the entries.

    Raises:
        ValueError: it is damaged, or not a manifest.

    """
    for line in read_lines(file):
        yield parsed_line(line)


def read_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines, for :func:`parsed_line`.

    Raises:
        ValueError: it is damaged, or not a manifest.

    """
    try:
        with gzip_ng.open(file, "rb") as lines:
            while line := lines.readline(MAX_LINE):
                yield line
    except (gzip.BadGzipFile, EOFError, zlib_ng.error) as error:
        raise ValueError(str(error)) from None


def parsed_line(line: bytes) -> Entry:
    """Return the entry that a line tells of.

    Raises:
        ValueError: it is no line of a manifest.

    """
    try:
        return _entry(json.loads(line.decode()))  # text, which json need not guess at
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a manifest: {error}") from None


def _entry(found: dict[str, Any]) -> Entry:
    extents = found.get("extents")
    entry = Entry(
        path=_path(found["path"]),
        kind=EntryKind(found["type"]),
        mode=_number(found["mode"], 0, 0o7777),
        uid=_number(found["uid"], 0, 1 << 32),
        gid=_number(found["gid"], 0, 1 << 32),
        mtime=_number(found["mtime"], -(1 << 63), 1 << 63),
        size=_number(found.get("size", 0)),
        sha256=found.get("sha256"),
        target=_bytes(found.get("target", "")),
        start=_number(found["start"]),
        content=_number(found.get("content", found["end"])),
        end=_number(found["end"]),
        extents=None if extents is None else tuple((_number(o), _number(n)) for o, n in extents),
    )
    if not entry.start < entry.content <= entry.content + entry.stored <= entry.end:
        raise ValueError("not a manifest: a file isn't where it is said to be")
    if not _ascend(entry.pieces, entry.size):
        raise ValueError("not a manifest: the parts of a file overlap")
    return entry


def _ascend(pieces: tuple[tuple[int, int], ...], size: int) -> bool:
    """Whether parts of a file follow one another and lie in it."""
    place = 0
    for offset, length in pieces:
        if offset < place:
            return False
        place = offset + length
    return place <= size


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _bytes(text: Any) -> bytes:
    return str(text).encode("utf-8", "surrogateescape")


def _path(text: Any) -> bytes:
    path = _bytes(text)
    if not path.startswith(b"/") or b"\0" in path or b".." in path.split(b"/"):
        raise ValueError("not a manifest: a name isn't a path")
    return path


def _number(value: Any, least: int = 0, most: int = 1 << 63) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"not a manifest: {value!a} is no number")
    return value
