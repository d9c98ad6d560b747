"""The calls to Linux that Python doesn't have: namespaces, mounts, an exact ``execve``."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# <sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# <sys/mount.h>
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

# <sys/prctl.h>
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4

# <sys/socket.h> (of which Python's module takes long to import), <linux/sockios.h>, <linux/if.h>
AF_INET = 2
SOCK_DGRAM = 2
SIOCSIFFLAGS = 0x8914
IFF_UP = 1

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, subject: str = "") -> None:
    """Raise the error of a call that has failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject or None)


def unshare(flags: int) -> None:
    """Give this process namespaces of its own."""
    checked(libc.unshare(flags))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Make something appear at ``target``; the arguments are those of the system call."""
    texts = [text.encode("utf-8", "surrogateescape") for text in (source, target, kind, options)]
    checked(libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]), target)


def change_root(folder: str) -> None:
    """Make a mount point the root of this process and of its mount namespace.

    Where the old root can't be left (an initial RAM disk), it is only hidden, as by chroot(2).
    """
    os.chdir(folder)
    try:
        checked(libc.pivot_root(b".", b"."))  # the old root now lies over the new one: remove it
        checked(libc.umount2(b".", MNT_DETACH))
    except OSError:
        os.chroot(".")
    os.chdir("/")


def die_with_parent(signum: int) -> None:
    """Ask for a signal when the thread that started this process ends, however it ends."""
    checked(libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signum), 0, 0, 0))


def let_others_look(*, allowed: bool) -> None:
    """Whether processes of the same user may see this one's files and memory through /proc."""
    checked(libc.prctl(PR_SET_DUMPABLE, ctypes.c_ulong(allowed), 0, 0, 0))


def bring_up_loopback() -> None:
    """Give a new network namespace the addresses 127.0.0.1 and ::1."""
    any_socket = libc.socket(AF_INET, SOCK_DGRAM, 0)
    checked(min(any_socket, 0))
    try:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("=16sh22x", b"lo", IFF_UP))
    finally:
        os.close(any_socket)


def set_hostname(name: bytes) -> None:
    """Rename the machine, as this process's UTS namespace sees it."""
    checked(libc.sethostname(name, ctypes.c_size_t(len(name))))


def execve(program: bytes, argv: Sequence[bytes], environ: Sequence[bytes]) -> None:
    """Replace the program; unlike :func:`os.execve`, any arguments and environment will do."""
    libc.execve(program, _vector(argv), _vector(environ))
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number), program)


def _vector(texts: Sequence[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(texts) + 1))(*texts, None)
