"""Where the loader looks for a library: the rules of ld.so(8)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rpz.packer.closure.cache import CACHE, read_cache
from rpz.packer.closure.elf import Elf, Kind
from rpz.packer.closure.headers import read_header
from rpz.packer.closure.places import Trail, follow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.closure.places import Places

BITS_64, BITS_32 = 64, 32
FOLDERS = (b"/lib", b"/usr/lib", b"/usr/local/lib")
"""Of every machine; the last is musl's, and in most others' cache."""
NAMES = {
    Kind(BITS_64, "EM_X86_64"): (b"x86_64-linux-gnu", b"lib64", b"x86_64"),
    Kind(BITS_32, "EM_X86_64"): (b"x86_64-linux-gnux32", b"libx32", b"x86_64"),
    Kind(BITS_32, "EM_386"): (b"i386-linux-gnu", b"lib32", b"i686"),
    Kind(BITS_64, "EM_AARCH64"): (b"aarch64-linux-gnu", b"lib64", b"aarch64"),
    Kind(BITS_32, "EM_ARM"): (b"arm-linux-gnueabihf", b"lib", b"v7l"),
    Kind(BITS_64, "EM_PPC64"): (b"powerpc64le-linux-gnu", b"lib64", b"power9"),
    Kind(BITS_64, "EM_S390"): (b"s390x-linux-gnu", b"lib64", b"z15"),
    Kind(BITS_64, "EM_RISCV"): (b"riscv64-linux-gnu", b"lib64", b"riscv64"),
}
"""Debian's name of the folder of a kind of library, the others', and ``$PLATFORM``."""
PLACEHOLDER = re.compile(rb"\$(?:(ORIGIN|LIB|PLATFORM)\b|\{(ORIGIN|LIB|PLATFORM)\})")
BUILT_IN = re.compile(rb"libc\.(so|musl-[^/]*)$")
"""musl's C library is its loader: nobody looks for it by these names."""


class Loader:
    """Finds libraries in the pack, or on this machine.

    ``environment`` are the folders that the runs had in LD_LIBRARY_PATH. ``inherited`` are those of
    DT_RPATH in what may have loaded a library: its own come first.
    """

    def __init__(self, places: Places, environment: Sequence[bytes]) -> None:
        """Read the loader's cache, if there is one."""
        self._places = places
        self._environment = tuple(environment)
        self._found: dict[tuple[bytes, Kind, tuple[bytes, ...]], Trail | None] = {}
        self._cache = _cache(places)
        self.inherited: dict[bytes, None] = {}

    def find(self, name: bytes, elf: Elf, origins: Sequence[bytes]) -> Trail | None:
        """Return where a library that ``elf`` needs is; ``origins`` are what ``$ORIGIN`` may be."""
        if b"/" in name:
            return self._at(name, elf.kind) if name.startswith(b"/") else None
        own = own_folders(elf, origins)
        key = (name, elf.kind, own)
        if key not in self._found:
            paths = self._paths(name, elf.kind, own)
            self._found[key] = next(filter(None, (self._at(p, elf.kind) for p in paths)), None)
        return self._found[key]

    def forget(self) -> None:
        """Search anew for what was not found: there is more now."""
        self._found = {key: trail for key, trail in self._found.items() if trail is not None}

    def _paths(self, name: bytes, kind: Kind, own: Sequence[bytes]) -> Iterator[bytes]:
        for folder in (*own, *self._environment):
            yield folder + b"/" + name
        yield from self._cache.get(name, ())
        for folder in (*default_folders(kind), *self.inherited):
            yield folder + b"/" + name

    def _at(self, path: bytes, kind: Kind) -> Trail | None:
        trail = follow(self._places, path)
        source = self._places.source(trail.real) if trail else None
        if trail is None or source is None:
            return None
        header = read_header(source) if source else None
        is_right = not source or (isinstance(header, Elf) and header.kind == kind)
        return trail if is_right else None


def own_folders(elf: Elf, origins: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return where a file's own headers say that its libraries are."""
    listed = elf.runpath if elf.runpath is not None else elf.rpath or ()
    found = (f for text in listed for origin in origins for f in _expanded(text, origin, elf.kind))
    return tuple(dict.fromkeys(folder for folder in found if folder.startswith(b"/")))


def default_folders(kind: Kind) -> tuple[bytes, ...]:
    """Return the folders that are searched at last."""
    multiarch, lib, _ = NAMES.get(kind, (b"", b"", b""))
    own = (b"/lib/" + multiarch, b"/usr/lib/" + multiarch, b"/" + lib, b"/usr/" + lib)
    return tuple(dict.fromkeys((*own, *FOLDERS))) if multiarch else FOLDERS


def _expanded(text: bytes, origin: bytes, kind: Kind) -> Iterator[bytes]:
    """Yield what a folder's name may mean: which of its values ``$LIB`` has is the system's."""
    multiarch, lib, platform = NAMES.get(kind, (b"", b"lib", b""))
    for value in dict.fromkeys((b"lib/" + multiarch, lib, b"lib")):
        values = {b"ORIGIN": origin, b"LIB": value, b"PLATFORM": platform}
        yield PLACEHOLDER.sub(lambda m, v=values: v[m[1] or m[2]], text)  # type: ignore[misc]
        if b"LIB" not in text:
            return


def _cache(places: Places) -> dict[bytes, list[bytes]]:
    trail = follow(places, CACHE)
    if trail is None or not (source := places.source(trail.real)):
        return {}
    try:
        with open(source, "rb") as file:
            return read_cache(file.read(os.fstat(file.fileno()).st_size))
    except OSError:
        return {}
