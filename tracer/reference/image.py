"""The files that the kernel loads to execute a program: it, its interpreters, its loader."""

from __future__ import annotations

import stat
import struct
from typing import TYPE_CHECKING, BinaryIO

from rpz.tracer.reference import deep
from rpz.tracer.reference.resolve import Place, resolve
from rpz.tracer.reference.view import AT_FDCWD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.tracer.reference.view import View

HEAD = 256
"""``BINPRM_BUF_SIZE``: as much of a file as the kernel looks at for a ``#!`` line."""
DEPTH = 6
"""A program, the four ``#!`` interpreters that the kernel allows, and the last one's loader."""

PATH_MAX = 4096

_PT_INTERP = 3
_LAYOUTS = {
    # e_phoff, e_phentsize, e_phnum; p_type, p_offset, p_filesz
    b"\1": (struct.Struct("=28xI10xHH"), struct.Struct("=II8xI")),
    b"\2": (struct.Struct("=32xQ14xHH"), struct.Struct("=I4xQ16xQ")),
}
"""ELF's 32-bit and 64-bit headers, as far as they lead to the loader (elf(5))."""


def images(view: View, program: Place) -> Iterator[Place]:
    """Yield the program and what it needs to be started, in the order in which they are found."""
    place: Place | None = program
    for _ in range(DEPTH):
        if place is None or place.status is None or not stat.S_ISREG(place.status.st_mode):
            return
        yield place
        name = _interpreter_of(place.path)
        place = resolve(view, name, AT_FDCWD, follow=True)


def _interpreter_of(path: bytes) -> bytes:
    """Return the loader or interpreter that a file asks for; empty if it asks for none."""
    try:
        with deep.open_file(path) as file:
            head = file.read(HEAD)
            if head.startswith(b"#!"):
                return _script_interpreter(head)
            return _elf_interpreter(file, head) if head.startswith(b"\x7fELF") else b""
    except (OSError, OverflowError, ValueError, struct.error):
        return b""


def _script_interpreter(head: bytes) -> bytes:
    line = head[2:].partition(b"\n")[0].partition(b"\0")[0]
    words = line.replace(b"\t", b" ").split(b" ")
    return next((word for word in words if word), b"")


def _elf_interpreter(file: BinaryIO, head: bytes) -> bytes:
    if (layout := _LAYOUTS.get(head[4:5])) is None:
        return b""
    header, segment = layout
    offset, size, count = header.unpack_from(head)
    for index in range(count):
        file.seek(offset + index * size)
        kind, start, length = segment.unpack(file.read(segment.size))
        if kind == _PT_INTERP:
            file.seek(start)
            return file.read(min(length, PATH_MAX)).partition(b"\0")[0]
    return b""
