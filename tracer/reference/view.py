"""Where a task stands in the file system: what ``/proc`` says of it."""

# ruff: noqa: PTH115, PTH116 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field

from rpz.tracer.reference import deep
from rpz.tracer.reference.served import WATCH

AT_FDCWD = -100

_FOLDERS = deep.DeepFolders()


@dataclass(frozen=True)
class View:
    """The root folder, working folder and descriptors of one task (a thread has its own)."""

    tgid: int
    tid: int
    missed: list[bytes] = field(default_factory=list, compare=False)
    """What the call that it is in has looked up and not found, the first first."""
    too_deep: list[bytes] = field(default_factory=list, compare=False)
    """Links of ``/proc`` to folders with long paths that were not found."""

    unasked: list[bytes] = field(default_factory=list, compare=False)
    """What it has named, in the call that it is in, that may not be asked (served.py)."""

    def root(self) -> bytes:
        """Return the real path of the root folder: ``/`` but after a chroot."""
        return self._target(b"/proc/%d/root" % self.tid) or b"/"

    def folder(self, dirfd: int) -> bytes | None:
        """Return the real path of the working folder or of a descriptor, if it has one."""
        link = b"/proc/%d/" % self.tid + (b"cwd" if dirfd == AT_FDCWD else b"fd/%d" % dirfd)
        target = self._target(link)
        if target is None and not self.unasked and _is_too_long(link):
            self.too_deep.append(link)
        return target

    def _target(self, link: bytes) -> bytes | None:
        return None if self.may_not_ask(_text(link)) else real_target(link)

    def may_not_ask(self, path: bytes) -> bool:
        """Whether a traced program would have to answer; that is kept in mind."""
        if served := WATCH.serves(self.tid, path):
            self.unasked.append(path)
        return served

    def link_text(self, path: bytes) -> bytes:
        """Read a symbolic link as the task sees it: ``/proc/self`` is the task, not this engine."""
        if path == b"/proc/self":
            return b"%d" % self.tgid
        if path == b"/proc/thread-self":
            return b"%d/task/%d" % (self.tgid, self.tid)
        return deep.readlink(path)


def _is_too_long(link: bytes) -> bool:
    """Whether a link leads to what has a path, unlike a removed folder, but a long one."""
    try:
        if os.stat(link).st_nlink:
            os.readlink(link)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def _text(link: bytes) -> bytes:
    try:
        return os.readlink(link)
    except OSError:
        return b""


def real_target(link: bytes) -> bytes | None:
    """Return the real path of what a link of ``/proc`` stands for.

    The kernel jumps through such a link to the file itself; its text is a path only if the file
    still has that name: not for a pipe, a socket or a removed file.
    """
    try:
        target = os.readlink(link)
        if target.startswith(b"/") and os.path.samestat(os.stat(link), os.lstat(target)):
            return target
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return _FOLDERS.path_of(link)
    return None
