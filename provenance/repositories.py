"""The state of the code that a run has read: of the git working trees that its files are in."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError
from rpz.packer.packages.folders import Marker, text_of
from rpz.packer.packages.git import MARK, address, remote_of
from rpz.packer.packages.working_tree import answers, ask
from rpz.tracer.facts import Fact
from rpz.tracer.records import Mode
from rpz.tracer.rows import FileRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.tracer.database import TraceDatabase

TOPIC = "code"
UNKNOWN = b"not known"
"""How the changes begin of a tree that git refuses, or wasn't quick enough with."""
READ = int(Mode.READ)
LARGEST = 1 << 20
"""Bytes of a difference beyond which it isn't kept."""
UNTRACKED = ("ls-files", "-z", "--others", "--exclude-standard", "--")
ASKED = 500
"""Paths that git is asked for at a time: a command has room for so many."""
PATIENCE = 20.0
"""Seconds that a person waits for a list of files or a difference when a run has ended, at most."""
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
SYSTEM = (b"/usr/", b"/lib/", b"/lib64/", b"/bin/", b"/sbin/", b"/proc/", b"/sys/", b"/dev/")
"""Folders that no working tree is above of."""


def code(database: TraceDatabase, run: int) -> Iterator[Fact]:
    """Yield commit, branch, remote, whether it is pushed, and what isn't committed of the trees.

    Untracked files are those that the run has read.
    """
    if shutil.which("git") is None:
        return
    for root, read in sorted(_trees(database, run).items()):
        yield from (fact._replace(source=root) for fact in _tree(root, read))


def _trees(database: TraceDatabase, run: int) -> dict[bytes, set[bytes]]:
    above = Marker(MARK).above
    trees: dict[bytes, set[bytes]] = defaultdict(set)
    where = f"run_id = {run} AND mode & {READ} AND NOT is_directory AND existed"
    for (path,) in database.distinct(FileRow, "name", where):
        if not path.startswith(SYSTEM) and (root := above(path)):
            trees[root].add(path)
    return trees


def _tree(root: bytes, read: set[bytes]) -> Iterator[Fact]:
    try:
        listed = b"".join(answers(root, "ls-files", "-z", seconds=PATIENCE))
    except CommandFailedError as error:  # another user's, say, which git refuses
        yield _unknown(error)
        return
    known = {root + b"/" + name for name in listed.split(b"\0") if name}
    inside = root + b"/.git/"
    others = [path for path in read - known if not path.startswith(inside)]
    untracked = sorted(path for some in _shared_out(others) for path in _untracked(root, some))
    if not known & read and not untracked:
        return
    commit = ask(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    if commit:
        yield Fact(TOPIC, "commit", commit)
    if tree := ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{tree}").strip():
        yield Fact(TOPIC, "tree", tree)
    if branch := ask(root, "symbolic-ref", "--quiet", "--short", "HEAD").strip():
        yield Fact(TOPIC, "branch", branch)
    yield from _published(root, commit)
    if commit:
        yield from _changes(root)
    yield from (Fact(TOPIC, "untracked", path[len(root) + 1 :]) for path in untracked)


def _untracked(root: bytes, paths: list[bytes]) -> Iterator[bytes]:
    """Yield those of some paths that git doesn't know and isn't told to ignore."""
    listed = ask(root, *UNTRACKED, *(b":(literal)" + path[len(root) + 1 :] for path in paths))
    return (root + b"/" + name for name in listed.split(b"\0") if name)


def _shared_out(paths: list[bytes]) -> Iterator[list[bytes]]:
    return (paths[i : i + ASKED] for i in range(0, len(paths), ASKED))


def _published(root: bytes, commit: bytes) -> Iterator[Fact]:
    if remote := address(text_of(remote_of(root))):
        yield Fact(TOPIC, "remote", os.fsencode(remote))
    if commit:
        on = ask(root, "for-each-ref", "--contains", commit.decode(), "--count=1", "refs/remotes")
        yield Fact(TOPIC, "pushed", b"yes" if on else b"no")


def _changes(root: bytes) -> Iterator[Fact]:
    kept, size, digest = bytearray(), 0, hashlib.sha256(usedforsecurity=False)
    try:
        for block in answers(root, *DIFFERENCE, seconds=PATIENCE):
            size += len(block)
            digest.update(block)
            kept += block[: max(0, LARGEST - len(kept))]
    except CommandFailedError as error:
        yield _unknown(error)
        return
    if size > LARGEST or b"\0" in kept:
        what = f"too large to keep: {size} bytes, SHA-256 {digest.hexdigest()}"
        yield Fact(TOPIC, "changes", what.encode())
    elif size:
        yield Fact(TOPIC, "diff", bytes(kept))


def _unknown(error: CommandFailedError) -> Fact:
    return Fact(TOPIC, "changes", UNKNOWN + b": " + os.fsencode(error.message))
