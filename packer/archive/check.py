"""Verify every byte of a pack, and say what is damaged."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from rpz.packer.archive import format as form
from rpz.packer.archive.codecs import BLOCK, CODECS
from rpz.packer.archive.container import DAMAGE
from rpz.packer.archive.entries import open_stored, read_entries
from rpz.packer.archive.format import PackError
from rpz.packer.archive.limits import too_large
from rpz.packer.config.faults import ConfigError
from rpz.process import termination_as_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rpz.packer.archive.access import Blocks
    from rpz.packer.archive.manifest import Entry
    from rpz.packer.archive.reader import Pack

    Progress = Callable[[int], None]

MANIFEST = form.EXTENSIONS + form.MANIFEST
NO_MANIFEST = (
    "it has no manifest, because ReproZip or an older rpz made it: its structure and the "
    "check-sums of its compression were checked, not whether each file is what was packed"
)


@dataclass(frozen=True)
class Fault:
    """Something that is damaged: a packed ``path``, or else a member of the archive itself.

    ``what`` names the latter; of a path it says why, if there is something to say.
    """

    path: bytes | None
    what: str


@dataclass
class Verdict:
    """What was found: how many packed names were read, ``size`` bytes of the tar, what is damaged.

    ``unchecked`` says, as the rest of a sentence, what couldn't be checked.
    """

    members: int = 0
    size: int = 0
    unchecked: str = ""
    faults: list[Fault] = field(default_factory=list)

    def add(self, what: str, path: bytes | None = None) -> None:
        """Add a fault."""
        self.faults.append(Fault(path, what))


def check(pack: Pack, progress: Progress) -> Verdict:
    """Read all of an open pack; ``progress`` is called with the bytes of the tar that were read."""
    verdict = Verdict()
    for name, file, size in pack.gaps():
        if not _is_empty(file, size):
            verdict.add(f"what follows {name}")
    if pack.index is None:
        verdict.unchecked = NO_MANIFEST
        _check_by_structure(pack, verdict, progress)
        return verdict
    _check_parts(pack, verdict)
    with pack.blocks() as blocks:
        if any(fault.what == MANIFEST for fault in verdict.faults):
            _check_blocks(blocks, verdict, progress)
        else:
            _check_entries(pack, _Tar(blocks, progress), verdict)
        verdict.size = blocks.size
        if not blocks.ends_are_right():
            verdict.add(f"the beginning or the end of {pack.data_name}")
    return verdict


def _is_empty(file: IO[bytes], size: int) -> bool:
    """Whether there are only zeros; -1: to the end."""
    while size and (data := file.read(BLOCK if size < 0 else size)):
        if data.strip(b"\0"):
            return False
        size -= len(data) if size > 0 else 0
    return True


def _check_parts(pack: Pack, verdict: Verdict) -> None:
    assert pack.index is not None  # noqa: S101 (the caller has looked)
    members = set(pack.members())
    for name, part in pack.index.parts.items():
        if name not in members:
            verdict.add(f"{name}, which is missing")
        elif _digest(pack.member(name)) != part.sha256:
            verdict.add(name)
    data = CODECS[pack.index.compression].name
    known = {*pack.index.parts, data, form.EXTENSIONS + form.INDEX}
    for name in sorted(members - known):
        verdict.add(f"{name}, which the index doesn't know")


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


class _Tar:
    """The tar, read from its beginning to its end; what is damaged is zeros."""

    def __init__(self, blocks: Blocks, progress: Progress) -> None:
        self._blocks = enumerate(blocks.all())
        self._progress = progress
        self._rest = memoryview(b"")
        self._sound = True
        self._place = 0
        self._offset = blocks.offset
        self.size = blocks.size

    def pass_to(self, place: int, take: Callable[[memoryview], None] | None = None) -> bool:
        """Go on to a place; return whether nothing that was passed is damaged."""
        sound = place >= self._place
        while self._place < place:
            if not self._rest and not self._next():
                return False
            piece = self._rest[: place - self._place]
            if take is not None:
                take(piece)
            self._rest = self._rest[len(piece) :]
            self._place += len(piece)
            sound &= self._sound
        return sound

    def _next(self) -> bool:
        number, block = next(self._blocks, (-1, None))
        if number < 0:
            return False
        size = self._offset(number + 1) - self._offset(number)
        self._sound = block is not None
        self._rest = memoryview(bytes(size) if block is None else block)
        self._progress(size)
        return True


def _check_entries(pack: Pack, tar: _Tar, verdict: Verdict) -> None:
    assert pack.index is not None  # noqa: S101 (the caller has looked)
    for entry in pack.entries():
        verdict.members += 1
        if not _is_sound(entry, tar):
            verdict.add("", entry.path)
    if not tar.pass_to(tar.size):
        verdict.add("the end of the packed files")
    if verdict.members != pack.index.members:
        verdict.add(f"{MANIFEST}, which has {verdict.members} names of {pack.index.members}")


def _is_sound(entry: Entry, tar: _Tar) -> bool:
    digest = hashlib.sha256()
    sound = tar.pass_to(entry.content)
    sound &= tar.pass_to(entry.content + entry.stored, digest.update)
    sound &= tar.pass_to(entry.end)
    return sound and (entry.sha256 is None or entry.sha256 == digest.hexdigest())


def _check_blocks(blocks: Blocks, verdict: Verdict, progress: Progress) -> None:
    """Say where the data are damaged, for want of a manifest that tells whose they are."""
    for number, block in enumerate(blocks.all()):
        start, end = blocks.offset(number), blocks.offset(number + 1)
        if block is None:
            verdict.add(f"the packed files, bytes {start} to {end} of the tar")
        progress(end - start)


def _check_by_structure(pack: Pack, verdict: Verdict, progress: Progress) -> None:
    for what, action in (
        (form.CONFIG, lambda: pack.config),
        (form.TRACE, lambda: _check_trace(pack)),
    ):
        try:
            action()
        except (*DAMAGE, PackError, ConfigError, sqlite3.Error, OSError) as error:  # noqa: PERF203 (two)
            verdict.add(f"{what} ({str(error).rstrip('.')})")
    last = "the beginning"
    try:
        for path, size in _read_all(pack):
            last = os.fsdecode(path)
            verdict.members += 1
            verdict.size += size
            progress(size)
    except (PackError, *DAMAGE):
        verdict.add(f"the packed files, after {last}")


def _read_all(pack: Pack) -> Iterator[tuple[bytes, int]]:
    with pack.data() as tar:
        for entry, info in read_entries(tar):
            file = open_stored(tar, info) if info.isreg() else None
            while file is not None and file.read(BLOCK):
                pass
            yield entry.path, entry.size


def _check_trace(pack: Pack) -> None:
    """Let SQLite look at the trace, which it does in a file only; it may be anybody's."""
    with termination_as_interrupt(), tempfile.NamedTemporaryFile(prefix="rpz-") as copy:
        with pack.metadata("trace.sqlite3") as file:
            while block := file.read(BLOCK):
                copy.write(block)
                if copy.tell() > pack.limit:
                    raise too_large(pack.path, pack.limit)
        copy.flush()
        database = sqlite3.connect(f"file:{copy.name}?mode=ro&immutable=1", uri=True)
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("PRAGMA cell_size_check = ON")
            ((answer,),) = database.execute("PRAGMA quick_check(1)")
        finally:
            database.close()
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)
