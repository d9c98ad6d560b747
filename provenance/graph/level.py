"""How much of a graph is shown: ReproZip's levels, and which files count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rpz.errors import RpzError


class LevelError(RpzError):
    """What was asked for is no level of detail, or no regular expression."""


class Packages(Enum):
    """What is shown of packages."""

    OWN = "own"
    """Each as one, but for libraries of the system: its packages of which nothing was executed."""
    PACKAGE = "package"
    """Each as one."""
    FILE = "file"
    """Their files, each package with a frame around them."""
    DROP = "drop"
    """Nothing."""
    IGNORE = "ignore"
    """Their files, as if they were of no package."""


class Processes(Enum):
    """What is shown of processes."""

    PROCESS = "process"
    """Each as one."""
    THREAD = "thread"
    """Each, and each thread of it."""
    RUN = "run"
    """A whole run as one."""


class Files(Enum):
    """Which files of no package are shown."""

    OWN = "own"
    """Those that are neither the system's, nor of devices, nor caches."""
    ALL = "all"
    """All."""
    IO = "io"
    """Inputs and outputs, as ``config.yml`` names them."""
    NO = "no"
    """None."""


@dataclass(frozen=True)
class Level:
    """What to show, and how finely.

    ``depth``: a file is shown as the folder on the way to it that is so far below the root. Of
    ``includes`` one must be found in a file's path, of ``excludes`` none; then ``replaces`` change
    it, and of the folders ``aggregates`` the first that it begins with stands for it. ``forks``:
    processes that executed nothing are shown; else what they did is their parent's.
    """

    packages: Packages = Packages.OWN
    processes: Processes = Processes.PROCESS
    files: Files = Files.OWN
    depth: int | None = None
    forks: bool = False
    includes: tuple[re.Pattern[bytes], ...] = ()
    excludes: tuple[re.Pattern[bytes], ...] = ()
    replaces: tuple[tuple[re.Pattern[bytes], bytes], ...] = ()
    aggregates: tuple[bytes, ...] = ()

    def name(self, path: bytes) -> bytes | None:
        """Return what a file goes by; None: it isn't shown."""
        if self.includes and not any(one.search(path) for one in self.includes):
            return None
        if any(one.search(path) for one in self.excludes):
            return None
        for pattern, text in self.replaces:
            path = pattern.sub(text, path)
        return next((one for one in self.aggregates if path.startswith(one)), path)

    def folder(self, path: bytes) -> bytes:
        """Return the folder that stands for a file of no package; the path itself, if none does."""
        if self.depth is None:
            return path
        return b"/".join(path.split(b"/")[: self.depth + 1]) or b"/"


def files_of(text: str) -> tuple[Files, int | None]:
    """Return what ``own``, ``all``, ``io``, ``no`` or ``depth:N`` means.

    Raises:
        LevelError: it is none of them.

    """
    word, _, number = text.partition(":")
    if word == "depth" and number.isdecimal():
        return Files.ALL, int(number)
    try:
        return Files(text), None
    except ValueError:
        raise LevelError(
            f"{text} says of no files that they are shown", "Write own, all, io, no or depth:3"
        ) from None


def pattern_of(text: str) -> re.Pattern[bytes]:
    """Return a regular expression for paths.

    Raises:
        LevelError: it is none.

    """
    try:
        return re.compile(text.encode("utf-8", "surrogateescape"))
    except re.error as error:
        raise LevelError(
            f"{text} is no regular expression: {error}", "Python's documentation of re has them"
        ) from None


def replacement_of(pattern: str, text: str) -> tuple[re.Pattern[bytes], bytes]:
    r"""Return what replaces matches of a pattern, in which ``\1`` is its first group.

    Raises:
        LevelError: it is no regular expression, or has no such group.

    """
    compiled, replacement = pattern_of(pattern), text.encode("utf-8", "surrogateescape")
    try:
        compiled.sub(replacement, b"")
    except (re.error, IndexError) as error:
        raise LevelError(f"{text} replaces nothing: {error}", r"Write \\ for a backslash") from None
    return compiled, replacement
