"""A Python that no package manager has installed: built, by pyenv or uv, or a container's own.

Its version is in the header of its C interface, beside its standard library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import packages
from rpz.packer.packages.folders import content_of, text_of, walk
from rpz.packer.packages.paths import with_parts
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "python"
PART = b"/lib/python"
LIBRARY = re.compile(rb"(.*)/lib/(python\d\.\d+t?)/(?!site-packages/|dist-packages/).", re.DOTALL)
VERSION = re.compile(r'#define\s+PY_VERSION\s+"([^"]+)"')
SITE = frozenset((b"site-packages", b"dist-packages"))


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the installations that some of these paths are of, each with those of its own."""
    likely = with_parts(paths, PART)
    found = {(match[1], match[2]) for path in likely if (match := LIBRARY.match(path))}
    claims = []
    for prefix, name in sorted(found):
        package = _read(prefix, name)
        is_own = _own(prefix, name)
        claims += [(path, package) for path in sorted(paths) if is_own.match(path)]
    return packages(claims)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files: those of the standard library."""
    for package in some:
        places = {m[1] + b"/lib/" + m[2] for p in package.files if (m := LIBRARY.match(bytes(p)))}
        yield package, [name for place in sorted(places) for name in walk(place, skip=SITE)]


def _own(prefix: bytes, name: bytes) -> re.Pattern[bytes]:
    """Return what the files of an installation match; other things may be in its prefix."""
    words = {b"prefix": re.escape(prefix), b"name": re.escape(name)}
    return re.compile(
        rb"%(prefix)s/(bin/(python|pip|idle|pydoc|2to3)[^/]*"
        rb"|lib/libpython[^/]*"
        rb"|include/%(name)s/.*"
        rb"|lib/%(name)s/(?!site-packages/|dist-packages/).*)\Z" % words,
        re.DOTALL,
    )


def _read(prefix: bytes, name: bytes) -> Package:
    header = text_of(content_of(prefix + b"/include/" + name + b"/patchlevel.h"))
    found = VERSION.search(header)
    version = found[1] if found else text_of(name).removeprefix("python")
    return Package(NAME, version, (), manager=NAME, purl=purl("generic", NAME, version))
