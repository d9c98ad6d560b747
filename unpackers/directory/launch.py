"""How to start a program of a root with that root's own loader and interpreters."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.closure.cache import CACHE, read_cache
from rpz.packer.closure.elf import Elf
from rpz.packer.closure.headers import Script, read_header
from rpz.packer.closure.loader import default_folders, own_folders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpz.unpackers.directory.place import Root

ROOT = b"\0"
"""Stands for the root's own path in the words of a command: no word has such a byte."""
INTERPRETERS = 5
"""Scripts that may interpret one another: the kernel's number (BINPRM_MAX_RECURSION)."""
LIBRARY_PATH = "LD_LIBRARY_PATH"
GREATEST = 1 << 24
"""Bytes of a loader or of its cache that are read."""
SEARCH, NO_CACHE, NAME = b"--library-path", b"--inhibit-cache", b"--argv0"
"""Options of loaders: every one's, glibc's, and that of musl and of glibc since 2.33."""


@dataclass(frozen=True)
class Launch:
    """The words that start a program, all but its arguments.

    ``interpreted`` are the interpreters and the program, ``loader`` the packed loader with its
    options, empty if the kernel shall load the first of them. ``libraries`` is where that loader
    searches; with ``renames`` it can give the program any name.
    """

    interpreted: tuple[bytes, ...]
    loader: tuple[bytes, ...] = ()
    libraries: bytes = b""
    renames: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the kernel starts the program as it is."""
        return not self.loader and len(self.interpreted) == 1

    def words(self) -> tuple[bytes, ...]:
        """Return them all."""
        return (*self.loader, *self.interpreted)

    def named(self, name: bytes) -> tuple[bytes, ...]:
        """Return them all, so that the program gets ``name`` if it is another than its file's."""
        same = os.path.basename(name) == os.path.basename(self.interpreted[0])
        if same or not self.renames or len(self.interpreted) > 1:
            return self.words()
        return (*self.loader, NAME, name, *self.interpreted)


def launch(root: Root, path: bytes, environ: Mapping[str, str], spelt: bytes = b"") -> Launch:
    """Return how to start the program at an absolute path; it gets to know ``spelt``."""
    words = [spelt or ROOT + path]
    for _ in range(INTERPRETERS):
        file = root.here(path)
        header = read_header(file) if os.path.isfile(file) else None
        if isinstance(header, Elf):
            return _loaded(root, header, path, tuple(words), environ)
        if header is None or not root.has(header.interpreter):
            break
        words[:0] = _interpreter(header)
        path = header.interpreter
    return Launch(tuple(words))


def _interpreter(script: Script) -> list[bytes]:
    first = ROOT + script.interpreter
    return [first] if script.argument is None else [first, script.argument]


def _loaded(
    root: Root, program: Elf, path: bytes, words: tuple[bytes, ...], environ: Mapping[str, str]
) -> Launch:
    loader = program.interpreter
    if loader is None or not root.has(loader):
        return Launch(words)
    known = content(root.here(loader))
    folders = _libraries(root, program, path, environ)
    no_cache = [NO_CACHE] if NO_CACHE in known else []
    options = (ROOT + loader, *no_cache, SEARCH, folders)
    return Launch(words, options, folders, NAME in known)


def _libraries(root: Root, program: Elf, path: bytes, environ: Mapping[str, str]) -> bytes:
    """Return where to search: where the run's own setting, the program and its system said."""
    setting = os.fsencode(environ.get(LIBRARY_PATH, "")).split(b":")
    own = (*setting, *own_folders(program, [_origin(root, path)]))
    listed = read_cache(content(root.here(CACHE))).values()
    cached = [os.path.dirname(path) for paths in listed for path in paths]
    folders = dict.fromkeys((*own, *cached, *default_folders(program.kind)))
    return b":".join(ROOT + folder for folder in folders if root.has(folder))


def _origin(root: Root, path: bytes) -> bytes:
    """Return the folder that a program's ``$ORIGIN`` means, of the file that a link leads to.

    The loader, which doesn't ask the kernel for a program that it is given, takes the link's.
    """
    top = os.path.realpath(root.name)
    real = os.path.realpath(root.here(path))
    return os.path.dirname(real[len(top) :] if real.startswith(top + b"/") else path)


def content(path: bytes) -> bytes:
    """Return what a file contains, nothing if there is none.

    A link in a pack may lead to a device or pipe of this machine, of which nothing is even opened.
    """
    if not os.path.isfile(path):
        return b""
    try:
        with Path(os.fsdecode(path)).open("rb") as file:
            return file.read(GREATEST)
    except OSError:
        return b""
