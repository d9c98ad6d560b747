"""Remove a folder with everything in it, and nothing else."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove a folder and what it contains; symbolic links are removed, never followed.

    Folders without write permission are made writable first.

    Raises:
        TargetError: something is mounted in the folder.

    """
    _refuse_mounts(folder)
    parent = os.open(folder.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        device = os.stat(folder.name, dir_fd=parent, follow_symlinks=False).st_dev
        _remove(folder.name, parent, device)
    finally:
        os.close(parent)


def _refuse_mounts(folder: Path) -> None:
    import psutil  # `rpz run` loads this module and never needs it

    inside = folder.resolve()
    for partition in psutil.disk_partitions(all=True):
        if partition.mountpoint == str(inside) or partition.mountpoint.startswith(f"{inside}/"):
            raise TargetError(
                f"Something is mounted on {partition.mountpoint}",
                f"Unmount it first: umount {partition.mountpoint}",
            )


def _remove(top: str, parent: int, device: int) -> None:
    """Remove a folder, depth first, with a stack of its open folders instead of recursion."""
    stack = [_opened(top, parent, device)]
    try:
        while stack:
            level = stack[-1]
            above = stack[-2].fd if len(stack) > 1 else parent
            if not level.entries:
                os.close(stack.pop().fd)
                os.rmdir(level.name, dir_fd=above)
            elif _unlinked(entry := level.entries.pop(), level.fd):
                continue
            else:
                stack.append(_opened(entry, level.fd, device))
    finally:
        for level in stack:
            os.close(level.fd)


@dataclass(frozen=True)
class _Level:
    """An open folder that is being emptied."""

    name: str
    fd: int
    entries: list[str]


def _unlinked(name: str, parent: int) -> bool:
    if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        return False
    os.unlink(name, dir_fd=parent)
    return True


def _opened(name: str, parent: int, device: int) -> _Level:
    _make_writable(name, parent)
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    if os.fstat(fd).st_dev != device:
        os.close(fd)
        raise TargetError(f"The folder {name} lies on another file system", "Unmount it first")
    return _Level(name, fd, os.listdir(fd))  # noqa: PTH208 (of a descriptor)


def _make_writable(name: str, parent: int) -> None:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if os.geteuid() != 0 and status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
