"""The bytes of files that runs used: where they are still to be had, and are what they were."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rpz.packer.archive.contents import contents
from rpz.packer.archive.manifest import EntryKind
from rpz.provenance.publication.swhid import digests_of
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import SnapshotRow
from rpz.tracer.sha256 import FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack
    from rpz.provenance.files import Content
    from rpz.provenance.source import Source


class Wanted(NamedTuple):
    """A file of the experiment, as it was when it had this SHA-256."""

    path: bytes
    sha256: str


def lay_out(
    source: Source,
    wanted: Mapping[Wanted, Path],
    elsewhere: Callable[[bytes], bool] = lambda _: True,
) -> set[Wanted]:
    """Write files to new places; return those that nobody has any more, or not as they were.

    They are looked for in the pack; those whose paths may come from ``elsewhere``, too, among what
    a trace keeps of changed files, and on this machine.

    Raises:
        PackError: the pack is damaged.

    """
    missing = dict(wanted)
    if source.pack is not None:
        for one in _from_pack(source.pack, missing):
            del missing[one]
    for one in list(missing):
        places = _places(source, one) if elsewhere(one.path) else ()
        if any(_copied(path, missing[one], one) for path in places):
            del missing[one]
    return set(missing)


def swhid_of(source: Source, path: bytes, content: Content) -> str:
    """Return the SWHID of a file's content; "" if the file isn't to be had any more."""
    wanted = Wanted(path, content.sha256)
    with tempfile.TemporaryDirectory(prefix="rpz-") as folder:
        place = Path(folder) / "content"
        return "" if lay_out(source, {wanted: place}) else digests_of(place).swhid


def _from_pack(pack: Pack, wanted: Mapping[Wanted, Path]) -> Iterator[Wanted]:
    by_path: dict[bytes, list[Wanted]] = {}
    for one in wanted:
        by_path.setdefault(one.path, []).append(one)
    for entry in pack.entries():  # of a hard link the content is another's
        if entry.kind is EntryKind.HARDLINK and entry.path in by_path:
            by_path.setdefault(entry.target, []).extend(by_path[entry.path])

    def is_wanted(entry: Entry) -> bool:
        return entry.kind is EntryKind.FILE and entry.path in by_path

    for entry, pieces in contents(pack, is_wanted):
        one, *others = by_path[entry.path]
        place = wanted[one]
        with place.open("xb") as file:
            for offset, data in pieces:
                file.seek(offset)
                file.write(data)
            file.truncate(entry.size)
        found = digests_of(place).sha256
        for other in others:
            if other.sha256 == found:
                shutil.copyfile(place, wanted[other])
                yield other
        if one.sha256 == found:
            yield one
        else:
            place.unlink()


def _places(source: Source, wanted: Wanted) -> Iterator[bytes]:
    if source.pack is None:
        folder = TraceFolder(source.path)
        rows = source.database.rows(
            SnapshotRow, "name = CAST(? AS TEXT) AND number > 0", wanted.path
        )
        yield from (os.fsencode(folder.snapshots(row.run_id) / str(row.number)) for row in rows)
    yield wanted.path


def _copied(path: bytes, place: Path, wanted: Wanted) -> bool:
    """Copy a file if it is what is wanted; what is there by now may be a pipe, or a link."""
    try:
        descriptor = os.open(path, FLAGS)
    except OSError:
        return False
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        with place.open("xb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
    if digests_of(place).sha256 == wanted.sha256:
        return True
    place.unlink()
    return False
