"""What ptrace says of a stopped task: python-ptrace's binding, and the requests that it lacks."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum

from ptrace.binding.func import (
    PTRACE_O_TRACECLONE,
    PTRACE_O_TRACEEXEC,
    PTRACE_O_TRACEFORK,
    PTRACE_O_TRACESYSGOOD,
    PTRACE_O_TRACEVFORK,
    ptrace,
)

# <linux/ptrace.h>: not in python-ptrace 0.9.9.
_SEIZE = 0x4206
_INTERRUPT = 0x4207
_LISTEN = 0x4208
_GET_SYSCALL_INFO = 0x420E
_O_EXITKILL = 0x00100000
EVENT_STOP = 128

_OPTIONS = (
    PTRACE_O_TRACESYSGOOD
    | PTRACE_O_TRACEFORK
    | PTRACE_O_TRACEVFORK
    | PTRACE_O_TRACECLONE
    | PTRACE_O_TRACEEXEC
    | _O_EXITKILL
)

_ARCH_64BIT = 0x80000000
"""``__AUDIT_ARCH_64BIT`` of <linux/audit.h>."""


class Operation(IntEnum):
    """``op`` of ``struct ptrace_syscall_info``: what kind of stop this is."""

    NONE = 0
    ENTRY = 1
    EXIT = 2
    SECCOMP = 3


class _Entry(ctypes.Structure):
    _fields_ = (("number", ctypes.c_uint64), ("arguments", ctypes.c_uint64 * 6))


class _Exit(ctypes.Structure):
    _fields_ = (("value", ctypes.c_int64), ("is_error", ctypes.c_uint8))


class _Details(ctypes.Union):
    _fields_ = (("entry", _Entry), ("exit", _Exit), ("_size", ctypes.c_uint64 * 8))


class _SyscallInfo(ctypes.Structure):
    _fields_ = (
        ("operation", ctypes.c_uint8),
        ("architecture", ctypes.c_uint32),
        ("instruction_pointer", ctypes.c_uint64),
        ("stack_pointer", ctypes.c_uint64),
        ("details", _Details),
    )


@dataclass(frozen=True)
class CallStop:
    """A task at the entry of a system call (``number``, ``arguments``) or at its exit (``result``).

    The kernel tells which of the two, and by which ABI the call was made, so that nothing has to
    be kept in step or guessed from registers.
    """

    operation: Operation
    is_64bit: bool
    number: int
    arguments: tuple[int, ...]
    result: int


def call_stop(tid: int) -> CallStop:
    """Ask about the system call that a task has stopped at (``PTRACE_GET_SYSCALL_INFO``).

    Raises:
        PtraceError: with ``EIO`` on Linux before 5.3, with ``ESRCH`` if the task was killed.

    """
    info = _SyscallInfo()
    ptrace(_GET_SYSCALL_INFO, tid, ctypes.sizeof(info), ctypes.addressof(info))
    entry = info.details.entry
    return CallStop(
        Operation(info.operation),
        bool(info.architecture & _ARCH_64BIT),
        entry.number,
        tuple(entry.arguments),
        info.details.exit.value,
    )


def seize(tid: int) -> None:
    """Trace a running process and what it will start; all of it dies with this engine.

    ``PTRACE_SEIZE``, not ``PTRACE_TRACEME``: only so can a task be stopped and continued by the
    usual signals while it is traced.
    """
    ptrace(_SEIZE, tid, 0, _OPTIONS)


def interrupt(tid: int) -> None:
    """Make a running task stop with :data:`EVENT_STOP`."""
    ptrace(_INTERRUPT, tid)


def leave_stopped(tid: int) -> None:
    """Let a task stay stopped by a signal until it is continued by one."""
    ptrace(_LISTEN, tid)
