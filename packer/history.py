"""What the runs did, event by event in the order of the trace, told to a :class:`Tree`."""

from __future__ import annotations

import heapq
import posixpath
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from rpz.packer.magic import is_magic
from rpz.packer.plain import plain_files, put_others_aside
from rpz.packer.seen import Seen
from rpz.packer.tree import Tree
from rpz.tracer.records import Mode
from rpz.tracer.rows import (
    ExecutionRow,
    FileRow,
    LinkRow,
    ListingRow,
    RemovalRow,
    RenameRow,
    RunRow,
    SnapshotRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.listings import Listings
    from rpz.packer.tree import Content
    from rpz.tracer.database import TraceDatabase

Event: TypeAlias = FileRow | LinkRow | RenameRow | RemovalRow | ExecutionRow | SnapshotRow
AnyEvent: TypeAlias = Event | ListingRow

EVENTS: tuple[type[Event], ...] = (
    FileRow, LinkRow, RenameRow, RemovalRow, ExecutionRow, SnapshotRow,
)  # fmt: skip
"""The tables whose ids come from one sequence, so that merging by id gives the order of things."""

READ, WRITE, LINK, SOCKET = map(int, (Mode.READ, Mode.WRITE, Mode.LINK, Mode.SOCKET))
"""As plain numbers, which are a fifth of the time faster than an enum's in a long trace."""


def events(
    database: TraceDatabase, kinds: tuple[type[AnyEvent], ...] = EVENTS
) -> Iterator[AnyEvent]:
    """Yield events in the order in which they happened, but those of plain files."""
    tables = [database.rows(kind, "name IN aside" if kind is FileRow else "1") for kind in kinds]
    return heapq.merge(*tables, key=attrgetter("run_id", "id"))


def history(database: TraceDatabase, listings: Listings | None = None) -> Tree:
    """Return the tree after all runs; tell ``listings``, if they are wanted, what was listed.

    The database has to stay open for the tree's plain files.
    """
    put_others_aside(database)
    tree = Tree(partial(plain_files, database))
    tree.seen = Seen.of(database)
    for run in database.rows(RunRow):
        _need_folder(tree, run.workingdir)
    for event in events(database, EVENTS if listings is None else (*EVENTS, ListingRow)):
        tree.run = event.run_id
        if isinstance(event, ListingRow):
            if listings is not None:
                listings.tell(tree, event)
        else:
            _tell(tree, event)
    if listings is not None:
        listings.finish(tree)
    return tree


def _tell(tree: Tree, event: Event) -> None:
    if isinstance(event, FileRow):
        if not is_magic(event.name):
            _use(tree, event)
    elif isinstance(event, LinkRow):
        if not is_magic(event.name):
            _follow(tree, event)
    elif isinstance(event, RenameRow):
        _rename(tree, event)
    elif isinstance(event, RemovalRow):
        if not is_magic(event.name):
            tree.remove(event.name)
    elif isinstance(event, SnapshotRow):
        if not is_magic(event.name):
            tree.keep(event)
    else:
        _execute(tree, event)


def _use(tree: Tree, row: FileRow) -> None:
    content = tree.at(row.name) if row.existed else _new(tree, row)
    content.is_directory |= row.is_directory
    content.is_socket |= bool(row.mode & SOCKET)
    if row.mode & WRITE:
        _need_folder(tree, posixpath.dirname(row.name))
    if row.existed:
        _use_existing(content, row)
    _count(content, row)


def _new(tree: Tree, row: FileRow) -> Content:
    """Return what a call has found missing and then, itself or another process, there."""
    content = tree.at(row.name)
    if content.origin is not None:
        # Two processes at once: the one that used the file was recorded before its maker.
        content.needed &= content.first_run != row.run_id
        content = tree.make(row.name)
        content.appeared = True
    if row.mode & WRITE:
        content.appeared = False
    return content


def _use_existing(content: Content, row: FileRow) -> None:
    if content.is_own:
        return
    if not row.mode & WRITE:
        content.needed = True
    elif row.truncated:
        content.needed |= _has_other_names(content) or _is_program(content)
        content.changed = content.discarded = True
    elif not row.mode & LINK:  # with LINK, the rename that follows tells what becomes of it
        content.needed = content.was_read = content.changed = True


def _has_other_names(content: Content) -> bool:
    """Whether a replay must find the file, though not its bytes: another name may be read."""
    return content.before is not None and content.before.first.links > 1


def _is_program(content: Content) -> bool:
    """Whether who writes it anew relies on its mode: the shell's ``>`` makes no programs."""
    return content.before is not None and bool(content.before.first.mode & 0o111)


def _count(content: Content, row: FileRow) -> None:
    """Note which run read or wrote the bytes of a file."""
    if row.is_directory or row.mode & SOCKET:
        return
    if row.mode & READ:
        content.read_by |= {row.run_id}
        content.was_read |= not content.is_own
    if row.mode & WRITE and not row.mode & LINK:
        content.written_by |= {row.run_id}


def _follow(tree: Tree, row: LinkRow) -> None:
    content = tree.at(row.name)
    if content.target is None:
        content.target = row.target
    content.needed |= not content.is_own


def _rename(tree: Tree, row: RenameRow) -> None:
    if is_magic(row.old) or is_magic(row.new):
        return
    if row.kind == "exchange":
        _need(tree.at(row.old), row)
        _need(tree.at(row.new), row)
        tree.exchange(row.old, row.new)
    elif row.kind == "hardlink":
        tree.link(row.old, row.new)
    else:
        tree.rename(row.old, row.new)


def _need(content: Content, row: RenameRow) -> None:
    if not content.is_own:
        content.needed = content.was_read = True
        content.read_by |= {row.run_id}


def _execute(tree: Tree, row: ExecutionRow) -> None:
    path = tree.real_path(posixpath.normpath(posixpath.join(row.workingdir, row.name)))
    if not is_magic(path):
        tree.at(path).executed = True
    _need_folder(tree, row.workingdir)


def _need_folder(tree: Tree, path: bytes) -> None:
    if is_magic(path):
        return
    content = tree.at(path)
    content.is_directory = True
    content.needed |= not content.is_own
