"""What a run may do as root: manage its own files and processes, and nothing of the machine.

Programs that ran as root when they were traced are root's in the replay too. These are the rights
that such programs ordinarily need, which is less than Docker's default: no device nodes, no audit
messages, no file capabilities. See capabilities(7) for what each of them allows.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno

from rpz.unpackers.namespaces import checked, libc

CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP = 0, 1, 3, 4, 5, 6, 7, 8
NET_BIND_SERVICE, NET_RAW, SYS_CHROOT = 10, 13, 18
KEPT = frozenset({CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, SYS_CHROOT})
"""For files of the target, which is all that it sees, and processes of its own."""
OF_ITS_NETWORK = frozenset({NET_BIND_SERVICE, NET_RAW})
"""Kept too where the network is the run's own."""

PR_CAPBSET_DROP = 24
GREATEST = 63
VERSION_3 = 0x20080522  # <linux/capability.h>


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """A half of each set: capabilities 0 to 31, or 32 to 63."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def restrict(kept: frozenset[int]) -> None:
    """Give up all capabilities but these, for good: no program that is executed gets them back."""
    for number in range(GREATEST + 1):
        if number not in kept and not _drop(number):
            break
    _limit(kept)


def _drop(number: int) -> bool:
    """Take one out of the bounding set; return False if the kernel has none of this number."""
    try:
        checked(libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0))
    except PermissionError:  # who may not drop has none to lose
        return True
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True


def _limit(kept: frozenset[int]) -> None:
    header = _Header(VERSION_3, 0)
    sets = (_Sets * 2)()
    checked(libc.capget(ctypes.byref(header), sets))
    for half, row in enumerate(sets):
        mask = sum(1 << number % 32 for number in kept if number // 32 == half)
        row.permitted &= mask
        row.effective &= mask
        row.inheritable = 0
    with contextlib.suppress(PermissionError):
        checked(libc.capset(ctypes.byref(header), sets))
