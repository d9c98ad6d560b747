"""The words of a run, arguments and environment, with the paths that they have on this machine."""

from __future__ import annotations

import configparser
import os
import re
from typing import TYPE_CHECKING

from rpz.unpackers.directory.launch import LIBRARY_PATH, ROOT, content
from rpz.unpackers.directory.wrappers import searched, wrappers_of
from rpz.unpackers.withheld import without_withheld
from rpz.unpackers.words import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.packer.config.model import Run
    from rpz.unpackers.directory.launch import Launch
    from rpz.unpackers.directory.place import Root

ASSIGNED = re.compile(rb"(-{0,2}[A-Za-z][\w.-]*=)(/.*)", re.DOTALL)
"""``--option=PATH`` and ``name=PATH``."""
LOCALES = b"/usr/lib/locale"
"""A folder for each locale, or an archive, which any version of glibc reads, of all of them."""
CONVERTERS = b"/gconv"
"""Below a folder of libraries: glibc's tables of characters, which belong to its version."""


def argument(word: bytes, root: Root) -> bytes:
    """Return an argument; one that is, or ends in, a packed path or a new file's is where it is."""
    assigned = ASSIGNED.fullmatch(word)
    start, path = (assigned[1], assigned[2]) if assigned else (b"", word)
    if path.startswith(b"/") and root.has_place_for(path):
        return start + root.here(path)
    return word


def environment(run: Run, root: Root, target: Path, start: Launch) -> dict[bytes, bytes]:
    """Return the variables: paths that are in the pack, alone or in a list, are where they are."""
    given = without_withheld(run.environ)
    found = {encoded(name): _value(encoded(text), root) for name, text in given.items()}
    if b"PATH" in found:
        found[b"PATH"] = _path(run, root, target) or found[b"PATH"]
    found.pop(LIBRARY_PATH.encode(), None)
    added = (*_of_loader(root, start), *_of_locales(root, start), *_of_python(run, root))
    return {**dict(added), **found}


def _value(text: bytes, root: Root) -> bytes:
    return b":".join(root.here(part) if root.has(part) else part for part in text.split(b":"))


def _path(run: Run, root: Root, target: Path) -> bytes:
    """Return where programs are found; folders that aren't in the pack had none in the trace."""
    places = [place for place in searched(run) if root.has(place)]
    pairs = ((wrappers_of(target, place), root.here(place)) for place in places)
    return b":".join(folder for pair in pairs for folder in pair if os.path.isdir(folder))


def _of_loader(root: Root, start: Launch) -> Iterator[tuple[bytes, bytes]]:
    """Yield what programs need that are started by a path, if this machine's loader can do it."""
    if not start.loader:
        return
    libraries = start.libraries.replace(ROOT, root.name)
    if is_the_machines(root, start):
        yield LIBRARY_PATH.encode(), libraries
    found = [f + CONVERTERS for f in libraries.split(b":") if os.path.isdir(f + CONVERTERS)]
    if found:
        yield b"GCONV_PATH", b":".join(found)


def _of_locales(root: Root, start: Launch) -> Iterator[tuple[bytes, bytes]]:
    if start.loader and root.has(LOCALES) and not root.has(LOCALES + b"/locale-archive"):
        yield b"LOCPATH", root.here(LOCALES)


def is_the_machines(root: Root, start: Launch) -> bool:
    """Whether this machine's loader is the packed one, which fits the packed libraries."""
    loader = start.loader[0]
    return content(loader.replace(ROOT, root.name)) == content(loader.replace(ROOT, b""))


def _of_python(run: Run, root: Root) -> Iterator[tuple[bytes, bytes]]:
    """Yield where the Python of a virtual environment is, which has it in a file."""
    near = os.path.dirname(run.binary.path)
    for place in (near, os.path.dirname(near)):
        text = content(root.here(place + b"/pyvenv.cfg"))
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string("[venv]\n" + os.fsdecode(text))
        except configparser.Error:
            continue
        home = os.fsencode(parser.get("venv", "home", fallback=""))
        if root.has(home):
            yield b"PYTHONHOME", root.here(os.path.dirname(home))
            return
