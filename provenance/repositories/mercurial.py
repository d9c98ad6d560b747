"""Working trees of Mercurial, without starting anything that the tree itself names.

``.hg/hgrc`` may name extensions, hooks, filters and programs, and a user's configuration may do
for the tree what it was not meant for: hg reads neither when we ask.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import re
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError
from rpz.packer.packages.folders import content_of, text_of
from rpz.packer.packages.git import address
from rpz.process import blocks_of
from rpz.provenance.repositories import changes
from rpz.provenance.repositories.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CAREFUL = {
    "HGPLAIN": "1",
    "HGRCPATH": "",
    "HGRCSKIPREPO": "1",
    "HGENCODING": "utf-8",
}
SKIPS = (5, 6)
"""Since this version hg surely reads no ``.hg/hgrc`` when it is told so."""
OPTIONS = ("--noninteractive", "--config", "ui.timeout=0", "--config", "fsmonitor.mode=off")
STATE = ("log", "--rev", ".", "--template", r"{node}\0{branch}\0{phase}")
STATUS = (
    "status", "--print0", "--modified", "--added", "--removed", "--deleted", "--clean", "--unknown",
)  # fmt: skip
DIFFERENCE = ("diff", "--git", "--nodates")
UNKNOWN = b"? "


def state(root: bytes, read: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield commit, branch, remote, whether it is pushed (public), changes, untracked files."""
    _check_owner(root)
    _check_version()
    listed = [entry for some in changes.shared_out(sorted(read)) for entry in _status(root, some)]
    if not listed:
        return
    answer = b"".join(_hg(root, *STATE))
    commit, branch, phase = answer.split(b"\0") if answer else (b"", b"", b"")
    if commit:
        yield "commit", commit
        yield "branch", branch
    if remote := _remote(root):
        yield "remote", os.fsencode(remote)
    if commit:
        yield "pushed", b"yes" if phase == b"public" else b"no"
    yield from changes.changes(_hg(root, *DIFFERENCE))
    yield from (("untracked", e[len(UNKNOWN) :]) for e in listed if e.startswith(UNKNOWN))


def _status(root: bytes, paths: Sequence[bytes]) -> list[bytes]:
    """Return those of some paths that hg knows, or isn't told to ignore, behind a letter."""
    named = (b"path:" + path[len(root) + 1 :] for path in paths)
    return [e for e in b"".join(_hg(root, *STATUS, "--", *named)).split(b"\0") if e]


def _remote(root: bytes) -> str:
    """Return where the tree was cloned from; hg itself doesn't read that when we ask."""
    parser = configparser.RawConfigParser(strict=False)
    with contextlib.suppress(configparser.Error):
        parser.read_string(text_of(content_of(root + b"/.hg/hgrc")))
    return address(parser.get("paths", "default", fallback=""))


def _check_owner(root: bytes) -> None:
    """Refuse to have root's caches put into another user's tree: hg brings its own up to date.

    Raises:
        CommandFailedError: they would be.

    """
    if os.geteuid() == 0 and os.stat(root + b"/.hg").st_uid != 0:
        raise CommandFailedError("It is another user's, and hg would write to it as root")


def _check_version() -> None:
    """Refuse an hg that would read the tree's configuration.

    Raises:
        CommandFailedError: it would.

    """
    printed = b"".join(_hg(b"/", "version", "--template", "{ver}"))
    found = re.match(rb"(\d+)\.(\d+)", printed)
    if found is None or (int(found[1]), int(found[2])) < SKIPS:
        raise CommandFailedError(
            f"hg {printed.decode(errors='replace')} would start what the tree's hgrc names"
        )


def _hg(root: bytes, *words: str | bytes) -> Iterator[bytes]:
    ours = ("HG", "LC_", "LANGUAGE")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(ours)} | CAREFUL
    argv = ["hg", "--cwd", root, *OPTIONS, *words]
    return blocks_of(
        argv, package="mercurial", ok=(0, 1), environ=environ, seconds=changes.PATIENCE
    )


SYSTEM = System("hg", b".hg", state)
