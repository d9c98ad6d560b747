"""What is packed beside the files that the runs used, so that they also work with other data.

The rest of a language's standard library, whole packages, and companions of single files. Each file
is listed in the pack's ``config.yml``, with why it is there.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.companions import companions
from rpz.packer.config.model import Extent, paths_of
from rpz.packer.magic import is_magic
from rpz.packer.packages import contents_of, packages_of
from rpz.packer.packages.library import library_files
from rpz.packer.rows import kept_paths, path_bytes
from rpz.packer.select import Kind, LeftOut, Needed, Reason, not_for_others
from rpz.packer.table import Table
from rpz.packer.tree import MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rpz.packer.config.model import Config, Package


class Cause(Enum):
    """Why a file is packed that no run used."""

    LIBRARY = "standard library"
    WHOLE = "whole package"
    COMPANION = "companion of a used file"
    TARGET = "target of a link"


@dataclass(frozen=True)
class Expansion:
    """A configuration that lists everything, and what was added to it.

    ``causes`` are by path, ``size`` is in bytes. ``left_out`` are files of packages that can't be
    packed; of the packages in ``unknown`` nobody can say any more which files they have.
    """

    config: Config
    causes: dict[bytes, Cause]
    size: int
    left_out: tuple[LeftOut, ...]
    unknown: tuple[Package, ...]


def expand(
    config: Config,
    started: float,
    *,
    whole: bool | None = None,
    without: Collection[bytes] = (),
) -> Expansion:
    """Add to a configuration what its packages' extents bring in.

    Args:
        config: as a person has edited it.
        started: when the first run began, in seconds since 1970: Python's compiled files that are
            newer are made again.
        whole: all packages are packed whole, or none and no standard library either; None to go by
            the configuration.
        without: paths that are left out for a reason of their own.

    """
    if whole is not None:
        extent = Extent.WHOLE if whole else Extent.TOUCHED
        config = replace(config, packages=tuple(replace(p, extent=extent) for p in config.packages))
    adder = _Adder(config, without)
    more = [p for p in config.packages if p.packfiles and p.extent is not Extent.TOUCHED]
    unknown = []
    for package, files in contents_of(p for p in more if p.extent is Extent.WHOLE):
        adder.add_package(package, files)
        if not files:
            unknown.append(package)
    adder.add_libraries(
        library_files(path for package in more for path in path_bytes(package.files))
    )
    adder.add_companions(started)
    return Expansion(
        adder.expanded(), adder.causes, adder.size, tuple(adder.left_out), tuple(unknown)
    )


@dataclass
class _Adder:
    config: Config
    without: Collection[bytes] = ()
    causes: dict[bytes, Cause] = field(default_factory=dict)
    size: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    _of: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """Added files by package, known by its identity; other files by that of None."""
    _folders: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know what is listed already, and what the runs make anew."""
        self.packages = list(self.config.packages)
        config = self.config
        listed = (path for package in config.packages for path in path_bytes(package.files))
        made = (path for path, is_output in paths_of(config.inputs_outputs) if is_output)
        paths = chain(listed, path_bytes(config.other_files), made, self.without)
        self._known: Table[None] = Table()
        self._known.add_all((path, None) for path in paths)

    def add_package(self, package: Package, files: Iterable[bytes]) -> None:
        """Add all files of a package."""
        for path in files:
            self._add(self._real(path), Cause.WHOLE, package)

    def add_libraries(self, files: Iterable[bytes]) -> None:
        """Add files of standard libraries, to the packages that they are of."""
        missing = {path for path in map(self._real, files) if path not in self._known}
        listed = {_key(package): package for package in self.packages}
        for found in packages_of(missing) if missing else ():
            package = listed.get(_key(found))
            if package is None:
                package = replace(found, files=())
                self.packages.append(package)
            missing.difference_update(map(bytes, found.files))
            for file in found.files if package.packfiles else ():
                self._add(bytes(file), Cause.LIBRARY, package)
        for path in sorted(missing):
            self._add(path, Cause.LIBRARY, None)

    def add_companions(self, started: float) -> None:
        """Add what goes with single files."""
        for package in self.config.packages:
            if package.packfiles:
                for path in companions(path_bytes(package.files), started):
                    self._add(path, Cause.COMPANION, package)
        for path in companions(path_bytes(self.config.other_files), started):
            self._add(path, Cause.COMPANION, None)

    def expanded(self) -> Config:
        """Return the configuration with what was added."""
        packages = [
            replace(package, files=_merged(package.files, self._of[id(package)]))
            for package in self.packages
        ]
        others = _merged(self.config.other_files, self._of[id(None)])
        return replace(self.config, packages=tuple(packages), other_files=others)

    def _real(self, path: bytes) -> bytes:
        """Return a path without links, but for its last component."""
        folder, _, name = path.rpartition(b"/")
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder or b"/").rstrip(b"/")
        return self._folders[folder] + b"/" + name

    def _add(self, path: bytes, cause: Cause, package: Package | None) -> None:
        for _ in range(MAX_LINKS):
            if is_magic(path) or not self._known.add(path, None):
                return
            found = _status(path)
            if found is None or not self._is_wanted(path, found.st_mode):
                return
            self.causes[path] = cause
            self._of[id(package)].append(path)
            if not stat.S_ISLNK(found.st_mode):
                self.size += found.st_size if stat.S_ISREG(found.st_mode) else 0
                return
            target = os.path.join(os.path.dirname(path), os.readlink(path))
            path, cause, package = self._real(os.path.normpath(target)), Cause.TARGET, None

    def _is_wanted(self, path: bytes, mode: int) -> bool:
        """Whether it can be packed; a folder with something in it comes with that."""
        if stat.S_ISDIR(mode):
            return os.access(path, os.R_OK | os.X_OK) and not os.listdir(path)
        if not stat.S_ISLNK(mode) and not (stat.S_ISREG(mode) and os.access(path, os.R_OK)):
            reason = Reason.UNREADABLE if stat.S_ISREG(mode) else Reason.SPECIAL
            self.left_out.append(LeftOut(path, reason))
            return False
        kind = Kind.LINK if stat.S_ISLNK(mode) else Kind.FILE
        if withheld := not_for_others(Needed(path, kind, path)):
            self.left_out.append(withheld)
        return withheld is None


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:  # documentation that was not installed, say
        return None


def _key(package: Package) -> tuple[str, str, str]:
    return package.manager, package.name, package.version


def _merged(files: Sequence[PosixPath], added: list[bytes]) -> Sequence[PosixPath]:
    return kept_paths(chain(files, map(PosixPath, sorted(added)))) if added else files
