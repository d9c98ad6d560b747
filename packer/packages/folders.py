"""Packages that are a folder each, with a file in it that says what they are."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rpz.packer.packages.claims import packages
from rpz.packer.packages.paths import by_root, folders_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from rpz.packer.config.model import Package
    from rpz.packer.packages.paths import Roots

MAX_COUNTED = 2000
"""Files of a package beyond which nobody waits for its size."""


class Marker:
    """Finds the folder above a path that holds a certain file; every folder is looked at once."""

    def __init__(self, name: bytes) -> None:
        """Look for ``name``, which may have folders in it."""
        self._name = name
        self._known: dict[bytes, bytes | None] = {b"/": None, b"": None}

    def above(self, path: bytes) -> bytes | None:
        """Return the nearest folder above a path that has it."""
        folder = path.rpartition(b"/")[0]
        if folder in self._known:
            return self._known[folder]
        asked = []
        while folder not in self._known:
            asked.append(folder)
            if os.path.lexists(folder + b"/" + self._name):
                self._known[folder] = folder
                break
            folder = folder.rpartition(b"/")[0]
        found = self._known[folder]
        self._known.update(dict.fromkeys(asked, found))
        return found

    def roots(self, paths: Collection[bytes]) -> Roots:
        """Return the paths that have such a folder above them, by that."""
        # Most have none: there are fewer folders to look at than paths
        roots = {folder: self.above(folder + b"/") for folder in folders_of(paths)}
        if not any(roots.values()):
            return {}
        return by_root(paths, lambda path: roots[path.rpartition(b"/")[0]])


def packages_in(roots: Roots, read: Callable[[bytes], Package | None]) -> list[Package]:
    """Return the packages whose folders some paths are in.

    ``read`` says what is in such a folder, None when that is no package after all.
    """
    claims = []
    for root, inside in roots.items():
        if (package := read(root)) is not None:
            if package.size is None:
                package = replace(package, size=size_of(root))
            claims += [(path, package) for path in inside]
    return packages(claims)


def roots_of(package: Package, root_of: Callable[[bytes], bytes | None]) -> list[bytes]:
    """Return the folders that a package's files are in, sorted."""
    return sorted({root for path in package.files if (root := root_of(bytes(path)))})


def contents_in(
    some: Iterable[Package],
    root_of: Callable[[bytes], bytes | None],
    files: Callable[[bytes], Iterable[bytes]] | None = None,
) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all files in their folders; ``files`` gives those of a folder."""
    listed = files or walk
    for package in some:
        yield package, [name for root in roots_of(package, root_of) for name in listed(root)]


def walk(folder: bytes, skip: frozenset[bytes] = frozenset()) -> Iterator[bytes]:
    """Yield all files and links below a folder; ``skip`` are names of folders to pass over."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = sorted(name for name in folders if name not in skip)
        for name in sorted(files + links):
            yield os.path.join(place, name)


def size_of(folder: bytes) -> int | None:
    """Return the size of all files below a folder in bytes; None when there are very many."""
    total = count = 0
    stack = [folder]
    while stack:
        try:
            entries = list(os.scandir(stack.pop()))
        except OSError:
            continue
        count += len(entries)
        if count > MAX_COUNTED:
            return None
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                stack.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                total += entry.stat(follow_symlinks=False).st_size
    return total


def content_of(path: bytes) -> bytes:
    """Return what is in a file; nothing when it can't be read, or is a pipe, which would block."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        return b""


def text_of(data: bytes) -> str:
    """Return text of any bytes, as :mod:`rpz.packer.config.model` has it."""
    return data.decode("utf-8", "surrogateescape")


def json_of(path: bytes) -> Any:
    """Return what is in a JSON file; None when it can't be read or isn't JSON."""
    try:
        return json.loads(content_of(path))
    except (ValueError, RecursionError):
        return None


def word(value: object) -> str:
    """Return what a file says as text that can be written; "" when it is no text."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode()


def name_of(value: object) -> bytes:
    """Return what a file says as a file's name; b"" when it is none."""
    try:
        return os.fsencode(value) if isinstance(value, str) and "\0" not in value else b""
    except UnicodeError:
        return b""
