"""A process or thread that is being traced, and its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptrace.debugger import ProcessError
from ptrace.syscall import SYSCALL_REGISTER

from rpz.tracer.reference.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptrace.debugger import PtraceProcess

    from rpz.tracer.reference.events import Event

PAGE = 4096
LONGEST_STRING = 32 * PAGE
"""``MAX_ARG_STRLEN``: the kernel takes no longer argument of exec, and no path as long."""
WORD = 8
FIRST_ARGUMENT = "rdi"
"""The register of x86-64, where this engine runs."""
NO_CALL = (1 << 8 * WORD) - 1
"""-1 as a register holds it: the number of no system call."""


class Task:
    """One task: its place in the stream and in the file system, and the call that it is in."""

    def __init__(self, process: PtraceProcess, number: int, tgid: int) -> None:
        """Take the place of ``number`` in the stream."""
        self.number = number
        self.view = View(tgid, process.pid)
        self.call = ""
        """The name of the call that the task is in, if it is noted."""
        self.pending: Sequence[Event] = ()
        """What to record if that call succeeds."""
        self._process = process

    @property
    def is_thread(self) -> bool:
        """Whether it is one of another process."""
        return self.view.tid != self.view.tgid

    @property
    def tid(self) -> int:
        """The kernel's number of the task."""
        return self.view.tid

    def ended(self) -> None:
        """Let go of the memory, and take the task off python-ptrace's list."""
        self._process.processTerminated()

    def replaced(self) -> None:
        """Let go of the memory of the program that the task ran until now."""
        if self._process.read_mem_file is not None:
            self._process.read_mem_file.close()
            self._process.read_mem_file = None

    def refuse_call(self) -> bool:
        """Let the call that is being entered fail with ``ENOSYS``, if this can be done here."""
        can_be_done = SYSCALL_REGISTER.startswith("orig_")
        if can_be_done:
            self._process.setreg(SYSCALL_REGISTER, NO_CALL)
        return can_be_done

    def change_first_argument(self, value: int) -> None:
        """Let the call that is being entered have another first argument."""
        self._process.setreg(FIRST_ARGUMENT, value)

    def write_number(self, address: int, value: int) -> None:
        """Write an unsigned integer of a word."""
        self._process.writeBytes(address, value.to_bytes(WORD, "little"))

    def read(self, address: int, size: int) -> bytes:
        """Read memory.

        Raises:
            PtraceError: it isn't there.

        """
        data = b""
        while len(data) < size:
            data += self._read_some(address + len(data), size - len(data))
        return data

    def _read_some(self, address: int, size: int) -> bytes:
        """Read up to ``size`` bytes, of one page: the next one may not be there."""
        if address >> 63:
            raise ProcessError(self._process, "not an address of a program")
        return self._process.readBytes(address, min(size, PAGE - address % PAGE))

    def read_number(self, address: int, size: int = WORD) -> int:
        """Read an unsigned integer of the machine."""
        return int.from_bytes(self.read(address, size), "little")

    def read_string(self, address: int) -> bytes:
        """Read up to a NUL byte."""
        text = b""
        while len(text) < LONGEST_STRING:
            some, end, _ = self._read_some(address + len(text), PAGE).partition(b"\0")
            text += some
            if end:
                return text
        raise ProcessError(self._process, "a string that no call takes")

    def read_strings(self, address: int) -> list[bytes]:
        """Read a NULL-terminated array of strings; a NULL pointer is an empty one (execve(2))."""
        strings: list[bytes] = []
        while address and (string := self.read_number(address)):
            strings.append(self.read_string(string))
            address += WORD
        return strings
