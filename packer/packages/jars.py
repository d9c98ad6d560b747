"""Java's archives: one says in it what Maven calls it, or its manifest does."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import text_of
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from zipfile import ZipFile

NAME = "jar"
POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
MANIFEST = "META-INF/MANIFEST.MF"
MAX_SIZE = 1 << 20
"""Bytes of a manifest beyond which it is none."""


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the archives among these paths that say what they are."""
    found = map(_read, sorted(path for path in paths if path.endswith(b".jar")))
    return [package for package in found if package is not None]


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files."""
    for package in some:
        yield package, [bytes(path) for path in package.files]


def _read(path: bytes) -> Package | None:
    from zipfile import BadZipFile, ZipFile
    from zlib import error as BrokenDataError  # noqa: N812 (as all others are called)

    if not os.path.isfile(path):  # a pipe would be waited for
        return None
    try:
        with ZipFile(os.fsdecode(path)) as archive:
            said = _maven(archive, path) or _manifest(archive)
        size = os.stat(path).st_size
    except (OSError, EOFError, ValueError, RuntimeError, BadZipFile, BrokenDataError):
        return None
    if said is None:
        return None
    group, name, version = said
    kind = "maven" if group else "generic"
    url = purl(kind, name, version, group)
    shown = f"{group}:{name}" if group else name
    return Package(shown, version, (PosixPath(path),), size=size, manager=NAME, purl=url)


def _maven(archive: ZipFile, path: bytes) -> tuple[str, str, str] | None:
    """Return group, name, version; of several projects in an archive, the one it is named for."""
    file = text_of(os.path.basename(path))
    poms = [name for name in archive.namelist() if POM.fullmatch(name)]
    for name in poms:
        said = _properties(_text(archive, name))
        parts = said.get("groupId", ""), said.get("artifactId", ""), said.get("version", "")
        if all(parts) and (len(poms) == 1 or file.startswith(f"{parts[1]}-{parts[2]}")):
            return parts
    return None


def _manifest(archive: ZipFile) -> tuple[str, str, str] | None:
    """Return what the first section says, in which a line that starts with a space goes on."""
    if MANIFEST not in archive.namelist():
        return None
    lines = re.sub(r"\r?\n ", "", _text(archive, MANIFEST)).splitlines()
    pairs = (line.partition(":") for line in lines)
    said = {key: value.strip() for key, colon, value in pairs if colon}
    symbolic = said.get("Bundle-SymbolicName", "").partition(";")[0]
    name = said.get("Implementation-Title") or symbolic
    version = said.get("Implementation-Version") or said.get("Bundle-Version", "")
    return ("", name, version) if name and version else None


def _properties(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _text(archive: ZipFile, name: str) -> str:
    with archive.open(name) as file:
        return text_of(file.read(MAX_SIZE))
