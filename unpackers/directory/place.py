"""A path of the experiment, and where it is on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.unpackers.directory.links import SYSTEM
from rpz.unpackers.resolve import parent_of

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Root:
    """The folder with the experiment's files."""

    folder: Path

    @property
    def name(self) -> bytes:
        """Its absolute path."""
        return os.fsencode(self.folder.absolute())

    def has(self, path: bytes) -> bool:
        """Whether an absolute path leads to something here, a dangling link perhaps."""
        if not path.startswith(b"/") or self.is_system(path) or not path.strip(b"/."):
            return False
        try:
            with parent_of(self.folder, path) as (folder, name):
                os.lstat(name, dir_fd=folder)
        except (OSError, ValueError):
            return False
        return True

    def has_place_for(self, path: bytes) -> bool:
        """Whether it is here, or its folder, which is not the root itself."""
        return self.has(path) or self.has(os.path.dirname(path.rstrip(b"/")))

    def here(self, path: bytes) -> bytes:
        """Return where an absolute path of the experiment is on this machine."""
        return self.name + path

    @staticmethod
    def is_system(path: bytes) -> bool:
        """Whether it is the kernel's, who has it where every program finds it."""
        return path.lstrip(b"/").split(b"/", 1)[0] in SYSTEM
