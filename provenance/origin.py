"""What an ELF file says of how it was made."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection

from rpz.packer.closure.elf import FAULTS, MAGIC
from rpz.tracer.sha256 import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILD_ID, COMMENT = ".note.gnu.build-id", ".comment"
LARGEST = 1 << 16
"""Bytes of such a section; those of sound files have some hundred."""
MOST = 1000
"""Sections of a file that are looked at."""


def made_of(path: bytes) -> list[tuple[str, bytes]]:
    """Return what a program says of how it was made; nothing if it is no ELF file, or damaged."""
    try:
        with open(os.open(path, FLAGS), "rb") as file:
            is_elf = file.read(len(MAGIC)) == MAGIC
            with contextlib.suppress(*FAULTS):
                return list(_made_of(ELFFile(file))) if is_elf else []
    except OSError:
        pass
    return []


def _made_of(file: ELFFile) -> Iterator[tuple[str, bytes]]:
    for index in range(min(file.num_sections(), MOST)):
        section = file.get_section(index)
        if section["sh_size"] > LARGEST:
            continue
        if isinstance(section, NoteSection) and section.name == BUILD_ID:
            for note in section.iter_notes():
                yield "build id", str(note["n_desc"]).encode()
        elif section.name == COMMENT:
            for compiler in dict.fromkeys(filter(None, section.data().split(b"\0"))):
                yield "compiler", compiler
