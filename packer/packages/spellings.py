"""Other names of a file, where a distribution has merged its folders into ``/usr``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def spellings(paths: Collection[bytes]) -> dict[bytes, bytes]:
    """Return the real path of every name under which a package manager may have a file.

    Where ``/lib`` is a link to ``usr/lib`` (Debian, Fedora) or ``/usr/sbin`` to ``bin`` (Arch),
    many lists still name the files as their packages were built.
    """
    wanted = dict(zip(paths, paths, strict=True))
    below_usr = [path for path in paths if path.startswith(b"/usr/")]
    for link, target in _merged():
        prefix = target + b"/"
        wanted |= {link + p[len(target) :]: p for p in below_usr if p.startswith(prefix)}
        wanted.pop(link, None)  # a folder in many packages' lists, whose link is none of theirs
    return wanted


def _merged() -> list[tuple[bytes, bytes]]:
    """Return the links at the root and in ``/usr`` that lead to folders of ``/usr``."""
    found = []
    for folder in (b"/", b"/usr/"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            link = folder + name
            if os.path.islink(link):
                target = os.path.realpath(link)
                if target.startswith(b"/usr/"):
                    found.append((link, target))
    return found
