"""Packages of Fedora, Red Hat, SUSE and all others that use rpm: one query for all files."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import listed, packages
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

NONE = b"(none)"


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    if not any(map(os.path.exists, DATABASES)) or shutil.which("rpm") is None:
        return []
    return packages(listed(_query("-qa"), spellings(paths), _package))


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    for package in some:
        lines = _query("-q", f"{package.name}-{package.version.rpartition(':')[2]}")
        yield package, [line[1:] for line in lines if line[:1] == b" "]


def _query(*what: str) -> list[bytes]:
    argv = ["rpm", *OPTIONS, *what, "--qf", FORMAT]
    return output_of(argv, package="rpm", ok=range(256)).split(b"\n")  # counts what isn't there


def _package(line: bytes) -> Package | None:
    name, epoch, version, size, arch = line.split(b"\t")
    said = "" if epoch == NONE else epoch.decode()
    return Package(
        name=name.decode(),
        version=f"{said}:{version.decode()}" if said else version.decode(),
        files=(),
        size=int(size) if size.isdigit() else None,
        manager=NAME,
        purl=of_distribution("rpm", name.decode(), version.decode(), arch.decode(), epoch=said),
    )
