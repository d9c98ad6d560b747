"""Working copies of Subversion: what can be said of them without asking their server.

A working copy names no programs; the user's configuration may (``diff-cmd``), and isn't read.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from rpz.packer.packages.git import address
from rpz.process import blocks_of
from rpz.provenance.repositories import changes
from rpz.provenance.repositories.system import System

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STATUS = ("status", "--xml", "--verbose", "--depth", "empty")
DIFFERENCE = ("diff", "--internal-diff", "--git")
UNTRACKED = "unversioned"
NOT_OURS = (UNTRACKED, "ignored", "external", "none")
"""What ``svn status`` says of files that the working copy doesn't have."""


def state(root: bytes, read: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the revision, branch, remote, changes and untracked files.

    There is no ``pushed``: what is committed is at the server.
    """
    names = {path[len(root) + 1 :] for path in read}
    listable = {name for name in names if _is_text(name)}  # svn has no others
    kinds = _kinds(root, listable)
    untracked = {name for name, kind in kinds.items() if kind == UNTRACKED} | (names - listable)
    if not untracked and not any(kind not in NOT_OURS for kind in kinds.values()):
        return
    yield from _place(root)
    yield from changes.changes(_svn(root, *DIFFERENCE, "."))
    yield from (("untracked", name) for name in sorted(untracked))


def _place(root: bytes) -> Iterator[tuple[str, bytes]]:
    from xml.etree import ElementTree as ET  # most trees are git's

    entry = ET.fromstring(b"".join(_svn(root, "info", "--xml", "."))).find("entry")  # noqa: S314 (svn's)
    if entry is None:
        return
    # Files may be of other revisions than the folder: "4:7"
    revisions = b"".join(_run(root, "svnversion", "--no-newline"))
    yield "commit", revisions.rstrip(b"MSP")
    yield "branch", os.fsencode(entry.findtext("relative-url", ""))
    yield "remote", os.fsencode(address(entry.findtext("repository/root", "")))


def _kinds(root: bytes, names: Iterable[bytes]) -> dict[bytes, str]:
    """Return what svn calls some files; in a folder that it doesn't know, as it calls that."""
    found: dict[bytes, str] = {}
    asked = {name: name for name in names}
    while asked:
        said = _status(root, sorted(set(asked.values())))
        known = {name: said[place] for name, place in asked.items() if place in said}
        found |= {n: k for n, k in known.items() if asked[n] == n or k in NOT_OURS}
        above = {n: posixpath.dirname(place) for n, place in asked.items() if n not in known}
        asked = {name: place for name, place in above.items() if place}
    return found


def _status(root: bytes, names: list[bytes]) -> dict[bytes, str]:
    from xml.etree import ElementTree as ET

    found: dict[bytes, str] = {}
    for some in changes.shared_out(names):
        targets = (name + b"@" for name in some)  # what is behind the last @ is a revision
        listed = ET.fromstring(b"".join(_svn(root, *STATUS, "--", *targets)))  # noqa: S314 (svn's)
        for entry in listed.iter("entry"):
            status = entry.find("wc-status")
            if status is not None:
                found[os.fsencode(entry.get("path", ""))] = status.get("item", "")
    return found


def _is_text(name: bytes) -> bool:
    """Whether svn takes a file's name: of UTF-8, without control characters."""
    try:
        return name.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _svn(root: bytes, *words: str | bytes) -> Iterator[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="rpz-") as empty:
        yield from _run(root, "svn", "--non-interactive", "--config-dir", empty, *words)


def _run(root: bytes, *argv: str | bytes) -> Iterator[bytes]:
    environ = os.environ | {"LC_ALL": "C.UTF-8"}
    return blocks_of(
        argv, package="subversion", environ=environ, seconds=changes.PATIENCE, folder=root
    )


SYSTEM = System("svn", b".svn", state)
