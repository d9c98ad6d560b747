"""Working trees of git."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.packer.packages.folders import text_of
from rpz.packer.packages.git import MARK, address, remote_of
from rpz.packer.packages.working_tree import answers, ask
from rpz.provenance.repositories import changes
from rpz.provenance.repositories.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNTRACKED = ("ls-files", "-z", "--others", "--exclude-standard", "--")
DIFFERENCE = (
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--ignore-submodules=dirty",  # they are trees of their own
    "--binary",
    "HEAD",
    "--",
)


def state(root: bytes, read: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield commit, branch, remote, whether it is pushed, changes, and untracked files."""
    listed = b"".join(answers(root, "ls-files", "-z", seconds=changes.PATIENCE))
    known = {root + b"/" + name for name in listed.split(b"\0") if name}
    others = changes.shared_out(sorted(read - known))
    untracked = sorted(path for some in others for path in _untracked(root, some))
    if not known & read and not untracked:
        return
    commit = ask(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if commit:
        yield "commit", commit
    if tree := ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{tree}").strip():
        yield "tree", tree
    if branch := ask(root, "symbolic-ref", "--quiet", "--short", "HEAD").strip():
        yield "branch", branch
    yield from _published(root, commit)
    if commit:
        yield from difference(root)
    yield from (("untracked", path) for path in untracked)


def difference(root: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what isn't committed."""
    return changes.changes(answers(root, *DIFFERENCE, seconds=changes.PATIENCE))


def _untracked(root: bytes, paths: Sequence[bytes]) -> Iterator[bytes]:
    """Yield those of some paths that git doesn't know and isn't told to ignore."""
    listed = ask(root, *UNTRACKED, *(b":(literal)" + path[len(root) + 1 :] for path in paths))
    return (name for name in listed.split(b"\0") if name)


def _published(root: bytes, commit: bytes) -> Iterator[tuple[str, bytes]]:
    if remote := address(text_of(remote_of(root))):
        yield "remote", os.fsencode(remote)
    if commit:
        on = ask(root, "for-each-ref", "--contains", commit.decode(), "--count=1", "refs/remotes")
        yield "pushed", b"yes" if on else b"no"


SYSTEM = System("git", MARK, state)
