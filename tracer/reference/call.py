"""A system call that is being entered, and how its arguments name a file."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.reference.events import Event
from rpz.tracer.reference.resolve import Place, resolve
from rpz.tracer.reference.view import AT_FDCWD

if TYPE_CHECKING:
    from rpz.tracer.reference.task import Task

AT_SYMLINK_NOFOLLOW = 0x100
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000


@dataclass(frozen=True)
class Call:
    """The task that enters a call, and the six arguments as the registers hold them."""

    task: Task
    arguments: tuple[int, ...]

    def integer(self, argument: int) -> int:
        """Return an argument of C's type ``int``."""
        return ctypes.c_int(self.arguments[argument]).value

    def string(self, argument: int) -> bytes:
        """Return the string that an argument points to; a NULL pointer is an empty one."""
        address = self.arguments[argument]
        return self.task.read_string(address) if address else b""


@dataclass(frozen=True)
class Name:
    """Which arguments of a call name a file.

    Args:
        path: the argument with the path.
        folder: the one with the descriptor of the folder that a relative path starts from.
        flags: the one with ``AT_…`` flags.
        follow: whether a symbolic link at the end is followed when no flag says otherwise.

    """

    path: int
    folder: int | None = None
    flags: int | None = None
    follow: bool = True

    def text(self, call: Call) -> bytes:
        """Return the path as the program wrote it."""
        return call.string(self.path)

    def dirfd(self, call: Call) -> int:
        """Return the folder's descriptor."""
        return AT_FDCWD if self.folder is None else call.integer(self.folder)

    def is_descriptor(self, call: Call) -> bool:
        """Whether the folder's descriptor itself is meant: there is no path, or an empty one."""
        if call.arguments[self.path] == 0:
            return self.dirfd(call) != AT_FDCWD
        flags = 0 if self.flags is None else call.integer(self.flags)
        return bool(flags & AT_EMPTY_PATH) and not self.text(call)

    def place(
        self, call: Call, *, follow: bool | None = None, beneath: bool = False
    ) -> Place | None:
        """Return where the name leads; an empty path (``AT_EMPTY_PATH``) names nothing."""
        if follow is None:
            follow = self._follow(call)
        text, dirfd = self.text(call), self.dirfd(call)
        return resolve(call.task.view, text, dirfd, follow=follow, beneath=beneath)

    def _follow(self, call: Call) -> bool:
        flags = 0 if self.flags is None else call.integer(self.flags)
        if flags & AT_SYMLINK_NOFOLLOW:
            return False
        return self.follow or bool(flags & AT_SYMLINK_FOLLOW)


Handler = Callable[[Call], Sequence[Event]]
"""Says what a call will have done if it succeeds."""
