"""How the compiled programs of a run were made, as they say: those that aren't the system's."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection

from rpz.packer.closure.elf import FAULTS, MAGIC
from rpz.provenance.interpreters import TOPIC
from rpz.provenance.page import SYSTEM
from rpz.tracer.facts import Fact
from rpz.tracer.records import Mode
from rpz.tracer.rows import ExecutionRow, FileRow
from rpz.tracer.sha256 import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.tracer.database import TraceDatabase

READ = int(Mode.READ)
BUILD_ID, COMMENT = ".note.gnu.build-id", ".comment"
LARGEST = 1 << 16
"""Bytes of such a section; those of sound files have some hundred."""
MOST = 1000
"""Sections of a file that are looked at."""


def compiled(database: TraceDatabase, run: int) -> Iterator[Fact]:
    """Yield build-id and compilers of the programs that were started from outside the system."""
    executed = database.distinct(ExecutionRow, "name", f"run_id = {run}")
    paths = {os.path.realpath(name) for (name,) in executed}
    where = f"run_id = {run} AND mode & {READ} AND NOT is_directory"
    read = {name for (name,) in database.distinct(FileRow, "name", where)}
    for path in sorted(paths & read):
        if not path.startswith(SYSTEM):
            yield from (Fact(TOPIC, name, value, path) for name, value in made_of(path))


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
