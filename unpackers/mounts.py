"""What a running experiment finds at /proc, /sys and /dev.

All of it is mounted in a mount namespace of the run's own: nobody else sees it, nothing that is
done to the target's folder can reach the host's devices through it, and the kernel removes it
with the last process of the run.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.unpackers.mountpoints import MOUNT_POINTS
from rpz.unpackers.namespaces import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    change_root,
    mount,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
DEV_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_mount_points(root: int) -> None:
    """Make the folders that an experiment must have and a pack may lack.

    Raises:
        OSError: there is something else by such a name.

    """
    for name, mode in MOUNT_POINTS.items():
        _make_folder(name, mode, root)


def _make_folder(name: str, mode: int, parent: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        os.close(os.open(name, FOLDER, dir_fd=parent))
    else:
        os.chmod(name, mode, dir_fd=parent)  # whatever the umask is


def enter(root: str) -> None:
    """Mount everything and make ``root`` this process's root; call it in a new mount namespace."""
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    mount(root, root, flags=MS_BIND | MS_REC)
    fd = os.open(root, FOLDER)
    make_mount_points(fd)
    with _at(fd, "proc") as place:
        _mount_proc(place)
    with _at(fd, "sys") as place:
        mount("/sys", place, flags=MS_BIND | MS_REC)
    with _at(fd, "sys") as place, contextlib.suppress(PermissionError):
        mount("", place, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE)
    with _at(fd, "dev") as place:
        mount("tmpfs", place, "tmpfs", MS_NOSUID, "mode=0755,size=64k")
    with _at(fd, "dev") as place:
        _fill_dev(Path(place))
    os.close(fd)
    change_root(root)


@contextlib.contextmanager
def _at(parent: int, name: str) -> Iterator[str]:
    """Yield a name of a folder in a folder that leads through no symbolic link of the target."""
    fd = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _mount_proc(place: str) -> None:
    try:
        mount("proc", place, "proc", SAFE)
    except PermissionError:  # not root of the process namespace
        mount("/proc", place, flags=MS_BIND | MS_REC)


def _fill_dev(dev: Path) -> None:
    for device in (Path("/dev", name) for name in DEVICES):
        if device.exists():
            (dev / device.name).touch()
            mount(str(device), str(dev / device.name), flags=MS_BIND)
    for name, target in DEV_LINKS.items():
        (dev / name).symlink_to(target)
    for name, kind, options in (
        ("pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"),
        ("shm", "tmpfs", "mode=1777"),
    ):
        (dev / name).mkdir()
        mount(kind, str(dev / name), kind, MS_NOSUID, options)
