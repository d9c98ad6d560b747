"""From what ``config.yml`` lists to the members of the archive.

The list is the person's to edit and wins; the trace adds what can't be seen in a list: where a file
is now that a run moved, and where a link led during the run.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpz.errors import first_of
from rpz.packer.archive.format import PackError
from rpz.packer.archive.members import Member, Members
from rpz.packer.excludes import Excludes
from rpz.packer.magic import is_magic
from rpz.packer.patterns import matches
from rpz.packer.rows import kept_paths, path_bytes
from rpz.packer.select import Kind, LeftOut, Reason
from rpz.packer.tree import MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rpaths import PosixPath

    from rpz.packer.before import Status
    from rpz.packer.config.model import Config
    from rpz.packer.select import Needed, Selection

SHOWN = 5
"""Files that an error message names before it only counts."""


@dataclass(frozen=True)
class Plan:
    """Members in the order of the archive, and what the patterns brought in beyond the list.

    ``excluded`` was taken out by patterns, ``left_out`` can't be packed.
    """

    members: Members
    matched: tuple[bytes, ...]
    idle_patterns: tuple[str, ...]
    size: int
    excluded: tuple[bytes, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class _Planner:
    def __init__(self, needed: Callable[[bytes], Needed | None]) -> None:
        self._needed = needed
        self.members = Members()
        self.faults: list[LeftOut] = []
        self.size = 0

    def add(self, path: bytes) -> None:
        """Plan one listed path."""
        if path in self.members or path == b"/":
            return
        item = self._needed(path)
        if item is not None and (item.target is not None or item.kind is Kind.FOLDER):
            self._put(Member(path, item.kind, item.source, item.target))
            return
        if item is None:
            path = self._real(path)
        if item is None or item.source is None:
            self._add_from_disk(path, path)
        else:
            self._add_from_disk(path, item.source, item.status)

    def _put(self, member: Member) -> None:
        self.members.put(member)

    def _real(self, path: bytes) -> bytes:
        """Return where a path that a person has added leads; plan the links on the way.

        The last component isn't followed: a link that is listed is packed as a link.
        """
        for _ in range(MAX_LINKS):
            link = self._first_link(path)
            if link is None:
                break
            target = self._target(link)
            self._put(Member(link, Kind.LINK, link, target))
            base = posixpath.join(posixpath.dirname(link), target)
            path = posixpath.normpath(posixpath.join(base, path[len(link) + 1 :]))
        return path

    def _first_link(self, path: bytes) -> bytes | None:
        parent = b""
        for name in path.split(b"/")[1:-1]:
            parent += b"/" + name
            item = self._needed(parent)
            if item.kind is Kind.LINK if item else os.path.islink(parent):
                return parent
        return None

    def _target(self, link: bytes) -> bytes:
        item = self._needed(link)
        return item.target if item and item.target is not None else os.readlink(link)

    def _add_from_disk(self, path: bytes, source: bytes, status: Status | None = None) -> None:
        try:
            found = os.lstat(source)
        except OSError as error:
            gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
            self._fault(path, Reason.MISSING if gone else Reason.UNREADABLE)
            return
        if stat.S_ISLNK(found.st_mode):
            self._put(Member(path, Kind.LINK, source, os.readlink(source)))
        elif stat.S_ISDIR(found.st_mode):
            self._put(Member(path, Kind.FOLDER, source))
        elif not stat.S_ISREG(found.st_mode):
            socket = stat.S_ISSOCK(found.st_mode)
            self._fault(path, Reason.SOCKET if socket else Reason.SPECIAL)
        elif not os.access(source, os.R_OK):
            self._fault(path, Reason.UNREADABLE)
        else:
            self.size += found.st_size
            self._put(Member(path, Kind.FILE, source, status=status))

    def _fault(self, path: bytes, reason: Reason) -> None:
        self.faults.append(LeftOut(path, reason))


def plan(config: Config, selection: Selection, *, leave_out_missing: bool = False) -> Plan:
    """Decide what to write, and make sure that it can be read.

    Raises:
        PackError: something that is listed isn't there or isn't readable, and isn't to be left out.

    """
    planner = _Planner(selection.packable)
    excludes = Excludes(config.excluded_patterns)
    for path in listed(config):
        if not excludes.take(path):
            planner.add(path)
    found, idle = _expanded(config)
    matched = tuple(name for name in found if not excludes.take(name))
    for name in matched:
        if name not in planner.members and not _is_special(name):
            planner.add(name)
    if planner.faults and not leave_out_missing:
        raise _cannot(planner.faults)
    planner.members.add_parents()
    return Plan(
        planner.members,
        matched,
        idle + excludes.idle,
        planner.size,
        excludes.taken,
        tuple(planner.faults),
    )


def listed(config: Config) -> Iterator[bytes]:
    """Yield what a config says is to be packed, patterns aside."""
    for package in config.packages:
        if package.packfiles:
            yield from path_bytes(package.files)
    yield from (path for path in path_bytes(config.other_files) if not is_magic(path))


def without(config: Config, paths: set[bytes]) -> Config:
    """Return a config that doesn't list some paths: who reads a pack looks for all in its list."""
    if not paths:
        return config

    def rest(files: Sequence[PosixPath]) -> Sequence[PosixPath]:
        return kept_paths(file for file in files if bytes(file) not in paths)

    packages = (p if not p.packfiles else replace(p, files=rest(p.files)) for p in config.packages)
    return replace(config, packages=tuple(packages), other_files=rest(config.other_files))


def _expanded(config: Config) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    found: dict[bytes, None] = {}
    idle = []
    for pattern in config.additional_patterns:
        matched = dict.fromkeys(matches(pattern))
        found |= matched
        if not matched:
            idle.append(pattern)
    return tuple(sorted(found)), tuple(idle)


def _is_special(path: bytes) -> bool:
    mode = os.lstat(path).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def _cannot(faults: list[LeftOut]) -> PackError:
    texts = [f"{os.fsdecode(f.path)} ({f.reason.value})" for f in faults]
    return PackError(
        f"What config.yml lists can't be packed: {first_of(texts, SHOWN)}",
        "Put it back, take its line out of config.yml, or pack without it: --leave-out-missing",
    )
