"""Packages of Fedora, Red Hat, SUSE and all others that use rpm: one query for all files."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from rpz.ahead import ask
from rpz.packer.config.model import Package
from rpz.packer.packages.claims import listed, packages
from rpz.packer.packages.folders import text_of
from rpz.packer.packages.purl import of_distribution
from rpz.packer.packages.spellings import spellings
from rpz.process import output_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "rpm"
OPTIONS: tuple[str, ...] = ()
"""For ``rpm``, where its database is in another place."""

DATABASES = (
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
    "/var/lib/rpm/Packages.db",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/Packages.db",
    "/usr/share/rpm/rpmdb.sqlite",
)
"""One of them is there where packages are installed with rpm, and not merely rpm itself."""

FORMAT = r"%{NAME}\t%{EPOCH}\t%{VERSION}-%{RELEASE}\t%{LONGSIZE}\t%{ARCH}\n[ %{FILENAMES}\n]"
"""One line a package, then its files, a line each that starts with a space."""

COLUMNS = 5
NONE = "(none)"


def prepare() -> None:
    """Begin to list all files, which takes a while."""
    if _is_there():
        ask(_query("-qa"), _state)


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    if not _is_there():
        return []
    return packages(listed(_answer(_query("-qa")), spellings(paths), _package))


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    for package in some:
        lines = _answer(_query("-q", f"{package.name}-{package.version.rpartition(':')[2]}"))
        yield package, [line[1:] for line in lines if line[:1] == b" "]


def _is_there() -> bool:
    return any(map(os.path.exists, DATABASES)) and shutil.which("rpm") is not None


def _state() -> object:
    """Return what changes when a package is installed or removed."""
    there = [os.stat(path) for path in DATABASES if os.path.exists(path)]
    return [(found.st_ino, found.st_size, found.st_mtime_ns) for found in there]


def _query(*what: str) -> list[str | bytes]:
    return ["rpm", *OPTIONS, *what, "--qf", FORMAT]


def _answer(argv: list[str | bytes]) -> list[bytes]:
    printed = output_of(argv, package="rpm", ok=range(256))  # it counts what isn't there
    return printed.split(b"\n")


def _package(line: bytes) -> Package | None:
    parts = [text_of(part) for part in line.split(b"\t")]
    if len(parts) != COLUMNS:
        return None
    name, epoch, version, size, arch = parts
    epoch = "" if epoch == NONE else epoch
    return Package(
        name=name,
        version=f"{epoch}:{version}" if epoch else version,
        files=(),
        size=int(size) if size.isdecimal() else None,
        manager=NAME,
        purl=of_distribution("rpm", name, version, arch, epoch=epoch),
    )
