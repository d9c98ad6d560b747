"""Debian's packages: which of them installed a file.

All file lists are asked for at once, and looked through here: 0.2 s for 1,500 files on a machine
with 730 packages. ``dpkg-query -S`` is as fast for plain names, but takes names as patterns, knows
a file of ``/usr/lib`` only by the ``/lib`` that its package was built with, and prints text for
people about those that it doesn't know.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.ahead import ask
from rpz.packer.config.model import Package
from rpz.process import output_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NAME = "dpkg"
STATUS, LISTS = Path("/var/lib/dpkg/status"), Path("/var/lib/dpkg/info")
DIVERSIONS = Path("/var/lib/dpkg/diversions")
"""One diversion is three lines: the name, what it was changed to, by whom (dpkg-divert)."""

FORMAT = (
    r"${db:Status-Status}\t${binary:Package}\t${Version}\t${Installed-Size}\n${db-fsys:Files}\n"
)
"""One line a package, then its files, a line each that starts with a space."""

NOT_THERE = (b"not-installed", b"config-files")
"""States of a package whose files are not on the machine."""

KIB = 1024
"""The unit of ``Installed-Size``."""


@dataclass(eq=False)
class _Owner:
    name: str
    version: str
    size: int | None
    installed: bool
    files: set[bytes] = field(default_factory=set)


@dataclass(frozen=True)
class _Diversion:
    kept: bytes
    """What the other packages' file is called now."""
    by: str
    """The package whose file keeps the name; ``:`` for the machine's administrator."""


def available() -> bool:
    """Whether this machine has dpkg."""
    return shutil.which("dpkg-query") is not None


def prepare() -> None:
    """Begin to list all files, which takes a while."""
    if available():
        ask(["dpkg-query", "-W", f"-f={FORMAT}"], _state)


def _state() -> object:
    """Return what changes when a package is installed or removed."""
    return [(s.st_ino, s.st_size, s.st_mtime_ns) for s in map(os.stat, (STATUS, LISTS))]


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    listed = output_of(["dpkg-query", "-W", f"-f={FORMAT}"], package="dpkg")
    wanted = _spellings(paths)
    claims = _claims(listed.split(b"\n"), wanted, _diversions())
    owned: dict[bytes, _Owner] = {}
    for path, owner in claims:
        owned.setdefault(path, owner)
    for path, owner in owned.items():
        owner.files.add(path)
    return [
        Package(o.name, o.version, tuple(PosixPath(f) for f in sorted(o.files)), size=o.size)
        for o in dict.fromkeys(owned.values())
    ]


def _spellings(paths: Collection[bytes]) -> dict[bytes, bytes]:
    """Return the real path of every spelling in dpkg's lists.

    Where ``/lib`` is a link to ``usr/lib``, many lists still name the files in ``/lib``.
    """
    wanted = {path: path for path in paths}
    for name in os.listdir(b"/"):
        link = b"/" + name
        target = b"/usr/" + name
        if os.path.islink(link) and os.path.realpath(link) == target:
            prefix = target + b"/"
            wanted |= {path[4:]: path for path in paths if path.startswith(prefix)}
            wanted.pop(link, None)  # a folder in many packages' lists, whose link is none of theirs
    return wanted


def _claims(
    lines: list[bytes], wanted: dict[bytes, bytes], diversions: dict[bytes, _Diversion]
) -> Iterator[tuple[bytes, _Owner]]:
    """Yield the wanted files in the lists, with their packages."""
    known = wanted.keys() | diversions.keys()
    owner = _Owner("", "", None, installed=False)
    for line in lines:
        if line[:1] != b" ":
            owner = _owner(line) if line else owner
        elif (name := line[1:]) in known and owner.installed:
            diversion = diversions.get(name)
            if diversion is not None and diversion.by != owner.name.partition(":")[0]:
                name = diversion.kept
            if name in wanted:
                yield wanted[name], owner


def _owner(line: bytes) -> _Owner:
    status, name, version, size = line.split(b"\t")
    return _Owner(
        name=name.decode(),
        version=version.decode(),
        size=int(size) * KIB if size.isdigit() else None,
        installed=status not in NOT_THERE,
    )


def _diversions() -> dict[bytes, _Diversion]:
    try:
        lines = DIVERSIONS.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    return {
        name: _Diversion(kept, by.decode())
        for name, kept, by in zip(lines[::3], lines[1::3], lines[2::3], strict=False)
    }
