"""From what ``config.yml`` lists to the members of the archive.

The list is the person's to edit and wins; the trace adds what can't be seen in a list: where a file
is now that a run moved, and where a link led during the run.
"""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.archive.members import Member, in_order, with_parents
from rpz.packer.history import is_magic
from rpz.packer.patterns import matches
from rpz.packer.select import Kind
from rpz.packer.tree import MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpaths import PosixPath

    from rpz.packer.before import Status
    from rpz.packer.config.model import Config
    from rpz.packer.select import Needed, Selection

SHOWN = 5
"""Files that an error message names before it only counts."""


@dataclass(frozen=True)
class Plan:
    """Members in the order of the archive, and what the patterns brought in beyond the list."""

    members: tuple[Member, ...]
    matched: tuple[bytes, ...]
    idle_patterns: tuple[str, ...]
    size: int


class _Planner:
    def __init__(self, needed: dict[bytes, Needed]) -> None:
        self._needed = needed
        self.members: dict[bytes, Member] = {}
        self.faults: list[str] = []
        self.size = 0

    def add(self, path: bytes) -> None:
        """Plan one listed path."""
        if path in self.members or path == b"/":
            return
        item = self._needed.get(path)
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
        self.members[member.path] = member

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
            item = self._needed.get(parent)
            if item.kind is Kind.LINK if item else os.path.islink(parent):
                return parent
        return None

    def _target(self, link: bytes) -> bytes:
        item = self._needed.get(link)
        return item.target if item and item.target is not None else os.readlink(link)

    def _add_from_disk(self, path: bytes, source: bytes, status: Status | None = None) -> None:
        try:
            found = os.lstat(source)
        except OSError as error:
            self._fault(path, os.strerror(error.errno or 0).lower())
            return
        if stat.S_ISLNK(found.st_mode):
            self._put(Member(path, Kind.LINK, source, os.readlink(source)))
        elif stat.S_ISDIR(found.st_mode):
            self._put(Member(path, Kind.FOLDER, source))
        elif not stat.S_ISREG(found.st_mode):
            self._fault(path, "a socket, a device or a named pipe")
        elif not os.access(source, os.R_OK):
            self._fault(path, "not readable")
        else:
            self.size += found.st_size
            self._put(Member(path, Kind.FILE, source, status=status))

    def _fault(self, path: bytes, what: str) -> None:
        self.faults.append(f"{os.fsdecode(path)} ({what})")


def plan(config: Config, selection: Selection) -> Plan:
    """Decide what to write, and make sure that it can be read.

    Raises:
        PackError: something that is listed isn't there or isn't readable.

    """
    planner = _Planner(selection.packable)
    for path in listed(config):
        planner.add(bytes(path))
    matched, idle = _expanded(config)
    for name in matched:
        if name not in planner.members and not _is_special(name):
            planner.add(name)
    if planner.faults:
        raise _cannot(planner.faults)
    members = with_parents(planner.members)
    return Plan(tuple(in_order(members)), matched, idle, planner.size)


def listed(config: Config) -> Iterator[PosixPath]:
    """Yield what a config says is to be packed, patterns aside."""
    for package in config.packages:
        if package.packfiles:
            yield from package.files
    yield from (path for path in config.other_files if not is_magic(bytes(path)))


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


def _cannot(faults: list[str]) -> PackError:
    more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return PackError(
        f"What config.yml lists can't be packed: {', '.join(faults[:SHOWN])}{more}",
        "Put it back, or take its line out of config.yml",
    )
