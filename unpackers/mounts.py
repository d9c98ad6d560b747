"""What a running experiment finds at /proc, /sys and /dev.

All of it is mounted in a mount namespace of the run's own: nobody else sees it, nothing that is
done to the target's folder can reach the host's devices through it, and the kernel removes it
with the last process of the run.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.unpackers.mountpoints import MOUNT_POINTS, MOUNTED
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

DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
"""Major and minor numbers, from the kernel's Documentation/admin-guide/devices.txt."""
DEV_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
"""What is in /proc by which root changes the whole machine; it is root's even without any right."""
HIDDEN = ("acpi", "asound", "kcore", "keys", "latency_stats", "scsi", "sched_debug", "timer_list")
"""What is in /proc that tells of the whole machine what isn't everybody's; as in Docker."""
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
        if name in MOUNTED:
            os.close(os.open(name, FOLDER, dir_fd=parent))
    else:
        os.chmod(name, mode, dir_fd=parent)  # whatever the umask is


def enter(root: str) -> None:
    """Mount everything and make ``root`` this process's root.

    To be called in new namespaces of mounts and processes.
    """
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    mount(root, root, flags=MS_BIND | MS_REC)
    fd = os.open(root, FOLDER)
    make_mount_points(fd)
    _mount_proc(fd)
    _mount_sys(fd)
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


def _mount_proc(root: int) -> None:
    """Mount /proc, which tells of the run's processes only."""
    with _at(root, "proc") as place:
        try:
            mount("proc", place, "proc", SAFE)
        except PermissionError:  # in a container, which has closed off its own
            mount("/proc", place, flags=MS_BIND | MS_REC)
            return
    with _at(root, "proc") as place:
        _close_off(Path(place))


def _mount_sys(root: int) -> None:
    """Mount /sys, read-only; a new one tells of the network interfaces that the run has."""
    with _at(root, "sys") as place:
        try:
            mount("sysfs", place, "sysfs", SAFE | MS_RDONLY)
        except PermissionError:  # in a container, or with the host's network and not as root
            mount("/sys", place, flags=MS_BIND | MS_REC)
    with _at(root, "sys") as place, contextlib.suppress(PermissionError):
        mount("", place, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE)


def _close_off(proc: Path) -> None:
    """Keep the run from changing or reading what is the whole machine's, also as root."""
    for name in READ_ONLY:
        if (place := proc / name).exists():
            mount(str(place), str(place), flags=MS_BIND | MS_REC)
            mount("", str(place), flags=MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE)
    for name in HIDDEN:
        place = proc / name
        if place.is_dir():
            mount("tmpfs", str(place), "tmpfs", MS_RDONLY | SAFE)
        elif place.exists():
            mount("/dev/null", str(place), flags=MS_BIND)


def _fill_dev(dev: Path) -> None:
    for name, (major, minor) in DEVICES.items():
        _make_device(dev / name, os.makedev(major, minor))
    for name, target in DEV_LINKS.items():
        (dev / name).symlink_to(target)
    for name, kind, options in (
        ("pts", "devpts", "newinstance,ptmxmode=0666,mode=0620"),
        ("shm", "tmpfs", "mode=1777"),
    ):
        (dev / name).mkdir()
        mount(kind, str(dev / name), kind, MS_NOSUID, options)


def _make_device(place: Path, device: int) -> None:
    """Make a node of the run's own, so that changing its mode changes none of the host's."""
    try:
        os.mknod(place, 0o666 | stat.S_IFCHR, device)
    except PermissionError:  # only root makes devices; nobody else could change the host's
        place.touch()
        mount(f"/dev/{place.name}", str(place), flags=MS_BIND)
    else:
        place.chmod(0o666)  # whatever the umask is
