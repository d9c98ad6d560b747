"""Standard libraries of languages: what a program may use next time without being asked for it.

A program that takes another way through its code, for other data, uses another module of its
language; the standard library is packed whole for that, as no package manager would install half of
it. Not its tests, its documentation, and what is there for making programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.config.model import Extent

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKED_FIRST = re.compile(rb"python\d|perl|/R/|julia|ruby")


@dataclass(frozen=True)
class Library:
    """What is a language's standard library, and what in it a program doesn't need."""

    language: str
    files: re.Pattern[bytes]
    without: re.Pattern[bytes]

    def has(self, path: bytes) -> bool:
        """Whether a file is part of it, and may be needed."""
        return bool(self.files.match(path)) and not self.without.search(path)


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL | re.VERBOSE)


LIBRARIES = (
    Library(
        "Python",
        _pattern(rb".*/lib(?:64)?/(?:python|pypy)\d\.\d+t?/(?!site-packages/|dist-packages/)."),
        _pattern(
            rb"""/(?:site-packages|dist-packages|tests?|idlelib|idle_test|turtledemo|ensurepip
            |lib2to3|pydoc_data|config-[^/]*|__pycache__)/"""
        ),
    ),
    Library(
        "Perl",
        _pattern(rb".*/(?:perl-base|perl/5\.[\d.]+|perl5/5\.\d+\.\d+|perl5/core_perl)/."),
        _pattern(rb"/(?:pod|CORE|t|man|doc|bin)/|\.(?:pod|h|a|ph|txt)\Z"),
    ),
    Library(
        "R",
        _pattern(
            rb""".*/R/(?:library/(?:base|compiler|datasets|grDevices|graphics|grid|methods|parallel
            |splines|stats|stats4|tcltk|tools|utils)|modules|etc|lib|share)/."""
        ),
        _pattern(rb"/(?:doc|help|html|demo|tests|texmf|licenses|po|translations|include)/"),
    ),
    Library(
        "Julia",
        _pattern(rb".*/share/julia/(?:base|stdlib)/."),
        _pattern(rb"/(?:test|docs)/"),
    ),
    Library(
        "Ruby",
        _pattern(rb".*/(?:lib/ruby|ruby)/\d\.\d+\.\d+/."),
        _pattern(rb"/(?:gems|test|spec|doc)/"),
    ),
)


def is_library(path: bytes) -> bool:
    """Whether a file is part of a language's standard library."""
    return bool(CHECKED_FIRST.search(path)) and any(known.has(path) for known in LIBRARIES)


def extent_of(paths: Iterable[bytes]) -> Extent:
    """Return what is packed of a package whose files at these paths were used."""
    return Extent.LIBRARY if any(map(is_library, paths)) else Extent.TOUCHED
