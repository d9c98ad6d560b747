"""What git says of a working tree, without starting anything that the tree itself names.

A tree may come from anywhere: its configuration can name programs (filters, watchers, transports of
objects that are missing) that git would start with the user's rights.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError
from rpz.process import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

log = logging.getLogger(__name__)

PLACES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG",
)
"""Variables that would have git look at another tree: a hook's, if it traces."""
CAREFUL = {
    "GIT_OPTIONAL_LOCKS": "0",  # write nothing
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same, of a git that doesn't know that
    "GIT_TERMINAL_PROMPT": "0",
}
SETTINGS = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "diff.autoRefreshIndex=false")
FILTERS = ("config", "--null", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$")
FILTERING = ("diff", "status")
"""What compares files with what is committed."""
OF_THE_USER = ("--global", "--system")
"""Whose filters are started: those that only the tree itself names aren't."""
SECONDS = 60.0
"""After which a tree is too slow to be asked."""


def ask(root: bytes, *words: str | bytes, seconds: float = SECONDS) -> bytes:
    """Ask git; a tree that it won't read, or not in time, is as one that isn't there."""
    try:
        return b"".join(answers(root, *words, seconds=seconds))
    except CommandFailedError as error:
        log.debug("%s isn't identified as a git working tree: %s", os.fsdecode(root), error)
        return b""


def answers(root: bytes, *words: str | bytes, seconds: float = SECONDS) -> Iterator[bytes]:
    """Yield what git prints, in blocks.

    Raises:
        CommandFailedError: it failed, or took longer.

    """
    options = _without_filters(root, seconds) if words[0] in FILTERING else ()
    yield from _git(root, [*options, *words], seconds)


def _without_filters(root: bytes, seconds: float) -> list[bytes]:
    """Return the options that turn the tree's own filters off."""
    options: list[bytes] = []
    if found := _filters(root, seconds):
        trusted = {pair for scope in OF_THE_USER for pair in _filters(root, seconds, scope)}
        for key in sorted({key for key, _ in found - trusted}):
            if b"=" in key:
                raise CommandFailedError("Its filters have names that git can't be given")
            driver = key.rpartition(b".")[0]
            options += [b"-c", key + b"=", b"-c", driver + b".required=false"]
    return options


def _filters(root: bytes, seconds: float, *scope: str) -> set[tuple[bytes, bytes]]:
    """Return the names and commands of filters; with a scope that isn't there, none."""
    words = [FILTERS[0], *scope, "--includes", *FILTERS[1:]]
    try:
        listed = b"".join(_git(root, words, seconds))
    except CommandFailedError:
        if not scope:
            raise
        return set()
    pairs = (entry.partition(b"\n") for entry in listed.split(b"\0") if entry)
    return {(key, command) for key, _, command in pairs}


def _git(root: bytes, words: Sequence[str | bytes], seconds: float) -> Iterator[bytes]:
    environ = {k: v for k, v in os.environ.items() if k not in PLACES} | CAREFUL
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    argv = ["git", *settings, "-C", root, *words]
    yield from blocks_of(argv, package="git", ok=(0, 1), environ=environ, seconds=seconds)
