"""Standard libraries of languages: what a program may use next time without being asked for it.

A program that takes another way through its code, for other data, uses another module of its
language; the standard library is packed whole for that, though the distribution may have cut it up
into packages. Not its tests, its documentation, what is there for making programs, and what needs
a screen, whose libraries are many.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.config.model import Extent
from rpz.packer.packages.folders import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHECKED_FIRST = re.compile(rb"python\d|pypy\d|perl|/R/|julia|ruby")
SKIPPED = frozenset((b"site-packages", b"dist-packages", b"__pycache__", b"test", b"tests"))
"""Folders that are in no standard library, wherever they are in one."""


@dataclass(frozen=True)
class Library:
    """What is a language's standard library, and what in it a program doesn't need.

    The first group of ``files`` is the folder that the library is in. ``besides`` are patterns of
    further folders that belong to it.
    """

    language: str
    files: re.Pattern[bytes]
    without: re.Pattern[bytes]
    besides: tuple[bytes, ...] = ()

    def folder_of(self, path: bytes) -> bytes | None:
        """Return the folder of the library that a file is part of, if it may be needed."""
        found = self.files.match(path)
        return None if found is None or self.without.search(path) else found[1]

    def folders(self, paths: Iterable[bytes]) -> set[bytes]:
        """Return all folders of the libraries that some files are part of."""
        used = {folder for path in paths if (folder := self.folder_of(path))}
        if any(folder.startswith(b"/usr/") for folder in used):
            import glob

            found = (name for pattern in self.besides for name in glob.iglob(pattern))
            used.update(name for name in found if not os.path.islink(name))
        return used


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL | re.VERBOSE)


PERL_WITHOUT = _pattern(rb"/(?:pod|CORE|t|man|doc|bin)/|\.(?:pod|h|a|ph|txt)\Z")

LIBRARIES = (
    Library(
        "Python",
        _pattern(rb"(.*/lib(?:64)?/(?:python|pypy)\d\.\d+t?)/(?!site-packages/|dist-packages/)."),
        _pattern(
            rb"""/(?:site-packages|dist-packages|tests?|idlelib|idle_test|turtledemo|ensurepip
            |lib2to3|pydoc_data|tkinter|config-[^/]*|__pycache__)/|/_tkinter[^/]*\.so\Z"""
        ),
    ),
    Library(
        "Perl",
        _pattern(rb"(.*/(?:perl/5\.[\d.]+|perl5/5\.\d+\.\d+|perl5/core_perl))/."),
        PERL_WITHOUT,
        (b"/usr/lib/*/perl-base", b"/usr/lib/*/perl/5.*", b"/usr/share/perl/5.*"),
    ),
    # Of all that starts a bit of Perl, few use more than what Debian has made to be enough
    Library("Perl, Debian's base", _pattern(rb"(.*/perl-base)/."), PERL_WITHOUT),
    Library(
        "R",
        _pattern(
            rb"""(.*/R)/(?:library/(?:base|compiler|datasets|grDevices|graphics|grid|methods
            |parallel|splines|stats|stats4|tools|utils)|modules|etc|lib|share)/."""
        ),
        _pattern(rb"/(?:doc|help|html|demo|tests|texmf|licenses|po|translations|include)/"),
    ),
    Library(
        "Julia",
        _pattern(rb"(.*/share/julia)/(?:base|stdlib)/."),
        _pattern(rb"/(?:test|docs)/"),
    ),
    Library(
        "Ruby",
        _pattern(rb"(.*/ruby/\d\.\d+\.\d+)/."),
        _pattern(rb"/(?:gems|test|spec|doc)/"),
    ),
)


def is_library(path: bytes) -> bool:
    """Whether a file is part of a language's standard library."""
    return bool(CHECKED_FIRST.search(path)) and any(k.folder_of(path) for k in LIBRARIES)


def extent_of(paths: Iterable[bytes]) -> Extent:
    """Return what is packed of a package whose files at these paths were used."""
    return Extent.LIBRARY if any(map(is_library, paths)) else Extent.TOUCHED


def library_files(paths: Iterable[bytes]) -> Iterator[bytes]:
    """Yield all files of the standard libraries that some files are part of."""
    used = [path for path in paths if CHECKED_FIRST.search(path)]
    for known in LIBRARIES:
        for folder in sorted(known.folders(used)):
            yield from (path for path in walk(folder, skip=SKIPPED) if known.folder_of(path))
