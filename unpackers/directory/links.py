"""Symbolic links that lead to the same files when their root is a folder of another system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = (b"dev", b"proc", b"sys")
"""What is at the host's root, and at no other: links to these stay as they are."""


def contain(root: Path) -> None:
    """Make absolute links relative, and let none climb out of the root by its first ``..``.

    Owners and times stay, those of their folders too. So the root can be moved.
    """
    top = os.fsencode(root)
    for folder, folders, files in os.walk(top):
        depth = 0 if folder == top else folder[len(top) :].count(b"/")
        links = [name for name in (*folders, *files) if os.path.islink(folder + b"/" + name)]
        changed = {name: new for name in links if (new := _changed(folder, name, depth))}
        if changed:
            status = os.stat(folder)
            for name, new in changed.items():
                _replace(folder + b"/" + name, new)
            os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))


def _changed(folder: bytes, name: bytes, depth: int) -> bytes | None:
    link = os.readlink(folder + b"/" + name)
    new = contained(link, depth)
    return None if new == link else new


def contained(link: bytes, depth: int) -> bytes:
    """Return what a link must say in a folder that is ``depth`` levels below the root."""
    parts = [part for part in link.split(b"/") if part not in (b"", b".")]
    if link.startswith(b"/"):
        while parts[:1] == [b".."]:
            parts.pop(0)
        if parts[:1] and parts[0] in SYSTEM:
            return link
        return b"/".join([b".."] * depth + parts) or b"."
    ups = next((n for n, part in enumerate(parts) if part != b".."), len(parts))
    return link if ups <= depth else b"/".join(parts[ups - depth :]) or b"."


def _replace(path: bytes, link: bytes) -> None:
    status = os.lstat(path)
    os.unlink(path)
    os.symlink(link, path)
    if os.geteuid() == 0:
        os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
