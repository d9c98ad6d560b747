"""Put a pack's files into a folder with all processors, by the lines of the manifest."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from itertools import chain
from typing import IO, TYPE_CHECKING

from rpz.packer.archive import format as form
from rpz.packer.archive.blocks import threads
from rpz.packer.archive.codecs import BLOCK
from rpz.packer.archive.format import DamagedPackError
from rpz.packer.archive.manifest import parsed_line, read_lines
from rpz.packer.archive.reader import Pack
from rpz.unpackers import workers
from rpz.unpackers.extract import extract, finish, link_files
from rpz.unpackers.lettercase import is_case_blind
from rpz.unpackers.listed import Maker, Order, member_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MANIFEST = form.EXTENSIONS + form.MANIFEST
PORTION = 1 << 15
"""Bytes of lines from which on a worker gets them: about 120 files."""


def unpack_files(pack: Pack, root: Path) -> int:
    """Extract a pack's files as :func:`rpz.unpackers.extract.extract` does, and as it returns.

    A pack of another program has no manifest, and a case-blind file system has to be told of one
    name after the other: there the data are read as a stream.

    Raises:
        HostileArchiveError, PackError: the pack isn't one that rpz makes, or is damaged.

    """
    if pack.index is None or is_case_blind(root):
        with pack.data() as archive:
            return extract(archive, root)
    _verify(pack)
    with contextlib.ExitStack() as stack:
        spools = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(threads() + 1)]
        privileged = _make_all(pack, root, spools)
        for spool in spools:
            spool.seek(0)
        later = [member_of(parsed_line(line)) for spool in spools for line in spool]
    link_files(later, root)
    finish(later, root)
    return privileged if os.geteuid() == 0 else 0


def _verify(pack: Pack) -> None:
    """Find out that manifest and data are those of the index, but for the blocks themselves."""
    assert pack.index is not None  # noqa: S101 (the caller has looked)
    digest = hashlib.sha256()
    with pack.member(MANIFEST) as file:
        while piece := file.read(BLOCK):
            digest.update(piece)
    part = pack.index.parts.get(MANIFEST)
    with pack.blocks() as blocks:
        if part is None or part.sha256 != digest.hexdigest() or not blocks.ends_are_right():
            raise DamagedPackError(pack.path)


def _make_all(pack: Pack, root: Path, spools: Sequence[IO[bytes]]) -> int:
    """Make files and symbolic links; the lines of the others are in ``spools`` afterwards.

    The first of these is for what this process makes itself: what isn't worth a worker, and lines
    that are too long for one. Returns how many files have set-user-id or set-group-id.
    """
    own, *theirs = spools
    portions = _portions(pack)
    first, second = next(portions, []), next(portions, None)
    if second is None:
        return _made(pack, root, [first], own)

    def work(number: int, received: Iterable[Sequence[bytes]]) -> int:
        with Pack.open(pack.path, pack.limit) as again:  # whose place in the file is its own
            if again.index != pack.index:
                raise DamagedPackError(pack.path, "has changed while it was read")
            return _made(again, root, received, theirs[number])

    privileged = 0
    with workers.Workers(work, len(theirs)) as team:
        for portion in chain((first, second), portions):
            if sum(map(len, portion)) > workers.GREATEST:
                privileged += _made(pack, root, [portion], own)
            else:
                team.give(portion)
    return privileged + team.total


def _made(pack: Pack, root: Path, portions: Iterable[Sequence[bytes]], later: IO[bytes]) -> int:
    before = os.umask(0)
    try:
        with pack.blocks() as blocks, Maker(root, blocks, later.write) as maker:
            for portion in portions:
                maker.make(portion)
        later.flush()
    except ValueError:
        raise _wrong(pack) from None
    finally:
        os.umask(before)
    return maker.privileged


def _portions(pack: Pack) -> Iterator[list[bytes]]:
    """Yield the lines in portions; that one comes after the other is for us to see."""
    assert pack.index is not None  # noqa: S101 (the caller has looked)
    order = Order()
    count = 0
    try:
        with pack.member(MANIFEST) as file:
            for portion in _together(read_lines(file)):
                count += len(portion)
                for line in dict.fromkeys((portion[0], portion[-1])):
                    order.follow(parsed_line(line))
                yield portion
    except ValueError:
        raise _wrong(pack) from None
    if count != pack.index.members:
        raise _wrong(pack)


def _together(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    portion: list[bytes] = []
    size = 0
    for line in lines:
        if portion and size + len(line) > PORTION:
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += len(line)
    if portion:
        yield portion


def _wrong(pack: Pack) -> DamagedPackError:
    return DamagedPackError(pack.path, f"is damaged: its {MANIFEST}")
