"""Where a path leads: in the pack, or on this machine."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from rpz.packer.select import Kind
from rpz.packer.tree import MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.packer.archive.members import Member

LIBRARY = (b".so", b".node", b".cmxs", b".dylib")
"""What is in the names of libraries; all else that is loaded or started is executable by mode."""
EXECUTABLE = 0o111


@dataclass(frozen=True)
class Trail:
    """A path that leads to a file: its real path, and the symbolic links that are crossed."""

    real: bytes
    links: tuple[bytes, ...] = ()


class Places(Protocol):
    """A file system, as far as programs are started and libraries loaded in it."""

    def link(self, path: bytes) -> bytes | None:
        """Return a symbolic link's target; None: it is no link."""

    def source(self, path: bytes) -> bytes | None:
        """Return where on this machine the bytes of a real path are; None: there is no file.

        Empty: it isn't known where, but that there will be a file.
        """


@dataclass
class Packed:
    """What a replay will find: the pack's members, and what the runs make themselves.

    ``files`` are those that could be programs or libraries, with their sources. ``made`` are names
    that the runs gave, those of moved folders among them.
    """

    files: dict[bytes, bytes] = field(default_factory=dict)
    links: dict[bytes, bytes] = field(default_factory=dict)
    made: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, members: Iterable[Member], made: frozenset[bytes] = frozenset()) -> Packed:
        """Look at the members of a pack."""
        packed = cls(made=made)
        for member in members:
            if member.kind is Kind.LINK:
                packed.links[member.path] = member.target or b""
            elif member.kind is Kind.FILE and _is_code_member(member):
                packed.files[member.path] = member.source or member.path
        return packed

    def has(self, path: bytes) -> bool:
        """Whether a program, a library or a link is a member."""
        return path in self.files or path in self.links

    def add(self, trail: Trail) -> None:
        """Take in a file of this machine and the links on the way to it."""
        self.files[trail.real] = trail.real
        for link in trail.links:
            self.links[link] = os.readlink(link)

    def link(self, path: bytes) -> bytes | None:
        """Return a symbolic link's target; None: it is no link."""
        return self.links.get(path)

    def source(self, path: bytes) -> bytes | None:
        """Return where on this machine the bytes are; empty where a run makes the file."""
        source = self.files.get(path)
        return b"" if source is None and self.is_made(path) else source

    def is_made(self, path: bytes) -> bool:
        """Whether a run makes this file, or a folder above it."""
        while len(path) > 1:
            if path in self.made:
                return True
            path = os.path.dirname(path)
        return False


class Machine:
    """What programs find on the machine that packs."""

    def __init__(self) -> None:
        """Remember what was looked at: folders are on the way to many files."""
        self.link = lru_cache(1 << 16)(_link)
        self.source = lru_cache(1 << 16)(_source)


def follow(places: Places, path: bytes) -> Trail | None:
    """Return where a path leads, component by component; None: to no file."""
    left, real = path.split(b"/")[::-1], b""
    links: list[bytes] = []
    while left and len(links) <= MAX_LINKS:
        name = left.pop()
        if name in (b"", b"."):
            continue
        if name == b"..":
            real = real.rpartition(b"/")[0]
            continue
        here = real + b"/" + name
        target = places.link(here)
        if target is None:
            real = here
            continue
        links.append(here)
        left += target.split(b"/")[::-1]
        if target.startswith(b"/"):
            real = b""
    return Trail(real, tuple(links)) if not left and places.source(real) is not None else None


def is_code(path: bytes, mode: int | None = None) -> bool:
    """Whether a file may be a program or a library; ``mode`` is its own unless it is given."""
    if any(part in path.rpartition(b"/")[2] for part in LIBRARY):
        return True
    if mode is None:
        try:
            mode = os.stat(path).st_mode
        except OSError:
            return False
    return bool(mode & EXECUTABLE)


def _is_code_member(member: Member) -> bool:
    if is_code(member.path, member.status.mode if member.status else 0):
        return True
    return member.status is None and is_code(member.source or member.path)


def _link(path: bytes) -> bytes | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _source(path: bytes) -> bytes | None:
    try:
        return path if stat.S_ISREG(os.lstat(path).st_mode) else None
    except OSError:
        return None
