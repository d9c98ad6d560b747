"""What Debian's packages have installed, asked for while a run goes on.

Apart from :mod:`rpz.packer.packages.dpkg`, with which all package managers are imported: the list
takes longest of all that the end of a run needs, and is asked for before that.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from rpz.ahead import ask

STATUS, LISTS = Path("/var/lib/dpkg/status"), Path("/var/lib/dpkg/info")

FORMAT = (
    r"${db:Status-Status}\t${binary:Package}\t${Version}\t${Installed-Size}\t${Architecture}\n"
    r"${db-fsys:Files}\n"
)
"""One line a package, then its files, a line each that starts with a space."""

QUERY = ("dpkg-query", "-W", f"-f={FORMAT}")


def prepare() -> None:
    """Begin to list all files."""
    if is_there():
        ask(QUERY, _state)


def is_there() -> bool:
    """Whether there is a list."""
    return shutil.which(QUERY[0]) is not None


def _state() -> object:
    """Return what changes when a package is installed or removed."""
    return [(s.st_ino, s.st_size, s.st_mtime_ns) for s in map(os.stat, (STATUS, LISTS))]
