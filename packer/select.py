"""Decide what to pack: what the runs used and didn't make themselves."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from dataclasses import astuple, dataclass, field
from enum import Enum
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from rpz.packer.before import Status
from rpz.packer.looks import NOTHING
from rpz.packer.table import RECENT, Table
from rpz.packer.withheld import credential, driver, may_be_withheld

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rpz.packer.before import Before
    from rpz.packer.looks import Look, Looks
    from rpz.packer.tree import Content, Plain, Tree


class Kind(Enum):
    """What a needed path is in the archive."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "symbolic link"


class Reason(Enum):
    """Why something that the runs used is not packed."""

    REMOVED = "removed by a run, so that its content is lost"
    MISSING = "no longer there"
    UNREADABLE = "not readable"
    SOCKET = "a socket of a program that was not traced"
    SPECIAL = "a device or a named pipe"
    CREDENTIALS = "since others should not get it (config.yml lists how to pack it)"
    HOST = "provided by the host (config.yml lists how to pack it)"
    TRACE = "part of the trace"
    APPEARED = "came during a run, made by a program that was not traced"
    KERNELS = "in /dev, which every machine has of its own"


class Needed(NamedTuple):
    """One thing to pack: ``path`` in the archive, from ``source`` on this machine.

    ``target`` is a symbolic link's, as it was during the run. ``source`` is None when nothing of it
    is left, which only a folder or a link can bear. ``size`` is in bytes, of files only. ``status``
    is what a file was before a run changed it, ``kept`` whether ``source`` is a copy from then.
    """

    path: bytes
    kind: Kind
    source: bytes | None
    target: bytes | None = None
    size: int = 0
    status: Status | None = None
    kept: bool = False


@dataclass(frozen=True)
class LeftOut:
    """One thing that the runs used and that can't be packed, or by default isn't.

    ``why`` says more than ``reason`` does. ``item`` is what to pack if a person wants it.
    """

    path: bytes
    reason: Reason
    why: str = ""
    item: Needed | None = None


@dataclass(frozen=True)
class Selection:
    """What to pack, sorted by path, and what not.

    ``changed`` are packed files whose content a run read and then, it or another, changed, and that
    were not kept as they were: what is packed is what they hold now.
    """

    by_path: Mapping[bytes, Needed] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    changed: tuple[bytes, ...] = ()

    @property
    def needed(self) -> Iterator[Needed]:
        """Yield what to pack."""
        by_path = self.by_path
        return by_path.stream() if isinstance(by_path, Table) else iter(by_path.values())

    @property
    def withheld(self) -> tuple[LeftOut, ...]:
        """Return what isn't packed unless a person wants it."""
        return tuple(left for left in self.left_out if left.item is not None)

    @cached_property
    def _withheld(self) -> dict[bytes, Needed]:
        return {left.path: left.item for left in self.left_out if left.item}

    def packable(self, path: bytes) -> Needed | None:
        """Return what to pack at a path in the archive, be it withheld; None: there is nothing."""
        return self.by_path.get(path) or self._withheld.get(path)


KINDS = tuple(Kind)
FILE, FOLDER, LINK = Kind.FILE, Kind.FOLDER, Kind.LINK
"""By themselves: an enum takes its time to be asked for a member."""
BATCH = 1000
"""Paths that are looked through at once for those of files that others should not get."""


def _plain(item: Needed) -> tuple[Any, ...]:
    path, kind, source, target, size, status, kept = item
    before = None if status is None else astuple(status)
    return KINDS.index(kind), True if source == path else source, target, size, before, kept


def _needed(path: bytes, plain: tuple[Any, ...]) -> Needed:
    number, source, target, size, status, kept = plain
    status = None if status is None else Status(*status)
    source = path if source is True else source
    return Needed(path, KINDS[number], source, target, size, status, kept)


def select(
    tree: Tree, snapshots: Path | None = None, looks: Looks = NOTHING, most: int = RECENT
) -> Selection:
    """Decide for everything that the runs touched; ``snapshots`` has what they have changed.

    ``looks`` has what files were found to be since the runs have used them; of what is needed,
    ``most`` are kept in memory.
    """
    chosen = _Chosen(
        os.path.join(os.fsencode(snapshots.parent.resolve()), b"") if snapshots else None, most
    )
    plain = tree.plain()  # this completes what the tree has
    verdicts = (_verdict_on_plain(content, tree, snapshots, looks) for content in plain)
    while some := list(islice(verdicts, BATCH)):
        chosen.put_all(some)
    changed: set[bytes] = set()
    names = current_names(tree)
    for content in tree.contents:
        item = chosen.put(_verdict(content, names[content], tree, snapshots))
        if item is not None and _is_changed(content, item, names[content]):
            changed.add(item.path)
    needed, left_out = chosen.needed, chosen.left_out
    return Selection(
        needed,
        left_out=tuple(left_out[p] for p in sorted(left_out) if p not in needed),
        changed=tuple(sorted(changed)),
    )


class _Chosen:
    """What is needed and what is left out of it; ``trace`` is the folder of the trace."""

    def __init__(self, trace: bytes | None, most: int) -> None:
        self.needed: Table[Needed] = Table(_plain, _needed, most)
        self.left_out: dict[bytes, LeftOut] = {}
        self._trace = trace

    def put(self, verdict: Needed | LeftOut | None) -> Needed | None:
        """Take a verdict in, unless others should not get the file; return what is needed."""
        verdict = _withheld(verdict, self._trace)
        self._keep(verdict)
        return verdict if isinstance(verdict, Needed) else None

    def put_all(self, verdicts: list[Needed | LeftOut | None]) -> None:
        """Do so with many at once, of which mostly none is withheld."""
        paths = b"\0".join([verdict.path for verdict in verdicts if verdict is not None])
        may_be = may_be_withheld(paths) or (self._trace is not None and self._trace in paths)
        for verdict in verdicts:
            self._keep(_withheld(verdict, self._trace) if may_be else verdict)

    def _keep(self, verdict: Needed | LeftOut | None) -> None:
        if isinstance(verdict, Needed):
            self.needed[verdict.path] = verdict
        elif verdict is not None:
            self.left_out[verdict.path] = verdict


def current_names(tree: Tree) -> dict[Content, list[bytes]]:
    """Return the names that each thing has after the runs, sorted."""
    names: dict[Content, list[bytes]] = defaultdict(list)
    for path, node in tree.names():
        if node.content is not None:
            names[node.content].append(path)
    for paths in names.values():
        paths.sort()
    return names


def _verdict(
    content: Content, names: list[bytes], tree: Tree, snapshots: Path | None
) -> Needed | LeftOut | None:
    if content.origin is None:
        return _appeared(content, names)
    if not content.needed or content.origin == b"/":  # there is a root folder everywhere
        return None
    if content.target is not None:
        return _link(content.origin, content.target, names)
    if kept := _kept(content.origin, content.before, snapshots):
        return kept
    source, found = _find(content.origin, names)
    if source is None or found is None:
        return _gone(content, content.origin, names)
    # Or changed by a name that the trace doesn't join
    before = content.before or tree.kept.of(found, content.first_run)
    return _kept(content.origin, before, snapshots) or _found(content.origin, source, found, before)


def _verdict_on_plain(
    content: Plain, tree: Tree, snapshots: Path | None, looks: Looks
) -> Needed | LeftOut | None:
    """Return what :func:`_verdict` does, of what was only used as it was: most of a long trace."""
    origin = content.origin
    if origin == b"/":
        return None
    look = looks.get(origin)
    found = look or _status(origin)
    if found is None:
        return _gone(content.whole(), origin, [origin])
    before = tree.kept.of(found, content.first_run)
    if look is not None and before is None:
        if stat.S_ISDIR(look.st_mode):
            return Needed(origin, FOLDER, origin)
        return Needed(origin, FILE, origin, None, look.st_size)
    return _kept(origin, before, snapshots) or _found(origin, origin, found, before)


def _withheld(verdict: Needed | LeftOut | None, trace: bytes | None) -> Needed | LeftOut | None:
    """Leave out what others should not get, or have of their own; folders are but names."""
    if verdict is None or (isinstance(verdict, Needed) and verdict.kind is Kind.FOLDER):
        return verdict
    if trace is not None and verdict.path.startswith(trace):
        return LeftOut(verdict.path, Reason.TRACE)
    if isinstance(verdict, LeftOut):
        return verdict
    return not_for_others(verdict) or verdict


def not_for_others(item: Needed) -> LeftOut | None:
    """Return why others should not get a file, or have one of their own; None for most files."""
    if why := driver(item.path):
        return LeftOut(item.path, Reason.HOST, why, item)
    if item.kind is Kind.FILE and (why := credential(item.path, item.source)):
        return LeftOut(item.path, Reason.CREDENTIALS, why, item)
    return None


def _kept(origin: bytes, before: Before | None, snapshots: Path | None) -> Needed | None:
    """Return what a file was before a run changed its content."""
    if before is None or (copy := before.copy(snapshots)) is None:
        return None
    return Needed(origin, Kind.FILE, copy.path, size=copy.size, status=before.status, kept=True)


def _appeared(content: Content, names: list[bytes]) -> LeftOut | None:
    if content.appeared and names and os.path.lexists(names[0]):
        return LeftOut(names[0], Reason.APPEARED)
    return None


def _link(origin: bytes, target: bytes, names: list[bytes]) -> Needed:
    source, found = _find(origin, names)
    is_link = found is not None and stat.S_ISLNK(found.st_mode)
    return Needed(origin, Kind.LINK, source if is_link else None, target)


def _find(origin: bytes, names: list[bytes]) -> tuple[bytes | None, os.stat_result | None]:
    """Return where a thing is now: at its old name if it kept it, else at one that it was given.

    When no name is left, the old name may be in use for something else: that is then the best that
    there is, and the caller says so.
    """
    for path in (origin, *names) if origin in names or not names else (*names, origin):
        if (found := _status(path)) is not None:
            return path, found
    return None, None


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _gone(content: Content, origin: bytes, names: list[bytes]) -> Needed | LeftOut:
    if content.is_directory:
        return Needed(origin, Kind.FOLDER, None)
    if content.is_socket:
        return LeftOut(origin, Reason.SOCKET)
    return LeftOut(origin, Reason.MISSING if names else Reason.REMOVED)


def _found(
    origin: bytes, source: bytes, found: os.stat_result | Look, before: Before | None
) -> Needed | LeftOut:
    mode = found.st_mode
    if stat.S_ISREG(mode):
        if not os.access(source, os.R_OK):
            return LeftOut(origin, Reason.UNREADABLE)
        status = before.status if before else None
        return Needed(origin, FILE, source, None, found.st_size, status)
    if stat.S_ISDIR(mode):
        return Needed(origin, FOLDER, source)
    if stat.S_ISLNK(mode):
        return Needed(origin, Kind.LINK, source, os.readlink(source))
    if stat.S_ISSOCK(mode):
        return LeftOut(origin, Reason.SOCKET)
    return LeftOut(origin, Reason.SPECIAL)


def _is_changed(content: Content, item: Needed, names: list[bytes]) -> bool:
    if item.kind is not Kind.FILE or item.kept or not content.was_read:
        return False
    return content.changed or item.source not in names
