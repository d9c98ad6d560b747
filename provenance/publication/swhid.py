"""Identifiers that follow from the content: SHA-256, and SWHID 1.2 (ISO/IEC 18670:2025).

``swh:1:cnt:`` is the SHA-1 that git gives a file with this content, ``swh:1:dir:`` a folder, and
``swh:1:rev:`` a commit, so that git and Software Heritage find the same thing by them.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.provenance.source import Source

BLOCK = 1 << 20
_SHA1 = re.compile(rb"[0-9a-f]{40}")
"""A git that names its objects by SHA-256 gives ids that SWHID has no place for."""
GIT = b"git"
CHANGED = {"diff", "changes", "untracked"}
"""Facts about a working tree that wasn't as committed."""


@dataclass(frozen=True)
class Digests:
    """What a file holds, in two forms."""

    sha256: str
    swhid: str


@dataclass(frozen=True)
class Code:
    """A working tree that a run read: the commit, and its top folder where that was recorded.

    ``changed``: what was run wasn't what these name alone.
    """

    root: bytes
    revision: str
    directory: str
    changed: bool


def digests_of(path: Path) -> Digests:
    """Read a file once, and return what identifies it."""
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    with path.open("rb") as file:
        sha1.update(b"blob %d\0" % os.fstat(file.fileno()).st_size)
        while block := file.read(BLOCK):
            sha256.update(block)
            sha1.update(block)
    return Digests(sha256.hexdigest(), f"swh:1:cnt:{sha1.hexdigest()}")


def code_of(source: Source) -> list[Code]:
    """Return the working trees that the runs have read, as they were: each state once."""
    found: dict[Code, None] = {}
    for run in source.runs:
        found.update(dict.fromkeys(_code(source, run.id)))
    return list(found)


def _code(source: Source, run: int) -> Iterator[Code]:
    trees: dict[bytes, dict[str, bytes]] = {}
    for fact in facts_of(source.database, run):
        if fact.topic == "code":
            trees.setdefault(fact.source, {})[fact.name] = fact.value
    for root, told in trees.items():
        of_git = told.get("system", GIT) == GIT  # those of others have other ids
        if of_git and _SHA1.fullmatch(commit := told.get("commit", b"")):
            tree = told.get("tree", b"")
            yield Code(
                root,
                f"swh:1:rev:{commit.decode()}",
                f"swh:1:dir:{tree.decode()}" if _SHA1.fullmatch(tree) else "",
                changed=not CHANGED.isdisjoint(told),
            )
