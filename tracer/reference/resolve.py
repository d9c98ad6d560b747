"""From what a call names to the real path of the file, as path_resolution(7) has it."""

# ruff: noqa: PTH116, PTH118, PTH120 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.reference import deep
from rpz.tracer.reference.view import real_target

if TYPE_CHECKING:
    from rpz.tracer.reference.view import View

MAX_LINKS = 40

_PROC_LINK = re.compile(
    rb"/proc/\d+(/task/\d+)?/(cwd|exe|root|fd/\d+|map_files/.+|ns/.+)", re.DOTALL
)
"""Links that the kernel does not follow by their text."""


@dataclass(frozen=True)
class CrossedLink:
    """A symbolic link on the way."""

    path: bytes
    target: bytes


@dataclass(frozen=True)
class LeftFolder:
    """A folder that ``..`` went up from."""

    path: bytes


@dataclass(frozen=True)
class Place:
    """A real path, what was there when it was looked up, and what was met on the way."""

    path: bytes
    status: os.stat_result | None
    crossed: tuple[CrossedLink | LeftFolder, ...] = ()

    @property
    def exists(self) -> bool:
        """If not, only its folder does."""
        return self.status is not None

    @property
    def is_directory(self) -> bool:
        """Whether it is a folder."""
        return self.status is not None and stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link that was not followed."""
        return self.status is not None and stat.S_ISLNK(self.status.st_mode)


def resolve(
    view: View, name: bytes, dirfd: int, *, follow: bool, beneath: bool = False
) -> Place | None:
    """Walk along a name now, before the kernel does.

    Args:
        view: the task that asks.
        name: the path that it gave.
        dirfd: the descriptor of the folder that a relative name starts from, or ``AT_FDCWD``.
        follow: whether a symbolic link at the end is followed.
        beneath: whether that folder is also the root of the walk (``RESOLVE_IN_ROOT``).

    Returns:
        Where it leads; None if the call must fail, or if the place has no path.

    """
    if not name:
        return None
    root = view.folder(dirfd) if beneath else view.root()
    start = root if name.startswith(b"/") else view.folder(dirfd)
    if start is None or root is None:
        return None
    try:
        return _Walk(view, root, start).along(name, follow=follow)
    except (OSError, _DeadEndError):
        return None


def place_of_descriptor(view: View, fd: int) -> Place | None:
    """Return the place of an open file, if it still has one."""
    path = view.folder(fd)
    return None if path is None else Place(path, _status(path))


class _DeadEndError(Exception):
    """The kernel can't get any further either."""


class _Walk:
    """Behind ``real`` everything is real; what is ``ahead`` (last component first) is not known."""

    def __init__(self, view: View, root: bytes, start: bytes) -> None:
        self.view = view
        self.root = root
        self.real = start
        self.ahead: list[bytes] = []
        self.links = 0
        self.crossed: list[CrossedLink | LeftFolder] = []

    def along(self, name: bytes, *, follow: bool) -> Place:
        # A slash at the end leaves an empty component: what is before it is not the end.
        self.ahead = name.split(b"/")[::-1]
        status: os.stat_result | None = deep.lstat(self.real)
        while self.ahead:
            component = self.ahead.pop()
            if component in (b"", b"."):
                continue
            if component == b"..":
                self.go_up()
                status = deep.lstat(self.real)
            else:
                status = self.go_down(component, follow=follow)
        return Place(self.real, status, tuple(self.crossed))

    def go_up(self) -> None:
        if self.real not in (b"/", self.root):
            self.crossed.append(LeftFolder(self.real))
            self.real = os.path.dirname(self.real)

    def go_down(self, component: bytes, *, follow: bool) -> os.stat_result | None:
        path = os.path.join(self.real, component)
        if self.view.may_not_ask(path):
            raise _DeadEndError
        status = _status(path)
        if status is None and not path.startswith(b"/proc/"):
            self.view.missed.append(path)
        if status is None and any(self.ahead):
            raise _DeadEndError
        if status and stat.S_ISLNK(status.st_mode):
            target = self.view.link_text(path)
            if not path.startswith(b"/proc/"):  # what is there changes by itself
                self.crossed.append(CrossedLink(path, target))
            if follow or self.ahead:
                return self.follow_link(path, target)
        elif status and self.ahead and not stat.S_ISDIR(status.st_mode):
            raise _DeadEndError
        self.real = path
        return status

    def follow_link(self, path: bytes, target: bytes) -> os.stat_result:
        self.links += 1
        if self.links > MAX_LINKS:
            raise _DeadEndError
        if _PROC_LINK.fullmatch(path):
            if self.view.may_not_ask(target):
                raise _DeadEndError
            self.real = real_target(path) or path
            return os.stat(path)
        if target.startswith(b"/"):
            self.real = self.root
        self.ahead += target.split(b"/")[::-1]
        return deep.lstat(self.real)


def _status(path: bytes) -> os.stat_result | None:
    try:
        return deep.lstat(path)
    except FileNotFoundError:
        return None
