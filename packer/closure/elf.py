"""What an ELF file says that it needs to run: its loader, and its libraries by name."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elftools.common.exceptions import ELFError
from elftools.common.utils import parse_cstring_from_stream, struct_parse
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_D_TAG_COMMON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from elftools.construct.lib.container import Container

MAGIC = b"\x7fELF"
MAX_BYTES = 1 << 20
"""Of a dynamic section or a name; the greatest of sound files have some thousand."""
FAULTS = (
    ELFError, ConstructError, OSError, ValueError, LookupError, TypeError, AttributeError,
    OverflowError, MemoryError, AssertionError, StopIteration, struct.error,
)  # fmt: skip
"""What comes out of pyelftools for a file that only begins as an ELF file does."""

NULL, NEEDED, STRTAB, SONAME, RPATH, RUNPATH = (
    ENUM_D_TAG_COMMON[f"DT_{name}"]
    for name in ("NULL", "NEEDED", "STRTAB", "SONAME", "RPATH", "RUNPATH")
)
ENTRY = {32: "iI", 64: "qQ"}
"""An entry of the dynamic section, for :mod:`struct`, by the bits of an address."""


@dataclass(frozen=True)
class Kind:
    """What files must have in common to be loaded into one process."""

    bits: int
    machine: str


@dataclass(frozen=True)
class Elf:
    """The parts of an ELF file's headers that ld.so(8) reads.

    ``rpath`` and ``runpath`` are the lists of folders as they are spelt, None when there is none.
    """

    kind: Kind
    interpreter: bytes | None = None
    soname: bytes | None = None
    needed: tuple[bytes, ...] = ()
    rpath: tuple[bytes, ...] | None = None
    runpath: tuple[bytes, ...] | None = None


def read_elf(file: BinaryIO) -> Elf | None:
    """Read an ELF file's headers; None when it is damaged, or no program and no library."""
    with contextlib.suppress(*FAULTS):
        return _read(ELFFile(file))
    return None


def _read(file: ELFFile) -> Elf | None:
    if file["e_type"] not in ("ET_EXEC", "ET_DYN"):
        return None
    segments = list(_segments(file))
    interpreter = next((s for s in segments if s["p_type"] == "PT_INTERP"), None)
    texts = list(_texts(file, segments))
    return Elf(
        Kind(file.elfclass, str(file["e_machine"])),
        _content(file, interpreter).partition(b"\0")[0] if interpreter else None,
        next((text for tag, text in texts if tag == SONAME), None),
        tuple(text for tag, text in texts if tag == NEEDED),
        _folders(texts, RPATH),
        _folders(texts, RUNPATH),
    )


def _segments(file: ELFFile) -> Iterator[Container]:
    """Yield the program headers; ``ELFFile.iter_segments`` reads all section headers besides."""
    for index in range(file.num_segments()):
        place = file["e_phoff"] + index * file["e_phentsize"]
        yield struct_parse(file.structs.Elf_Phdr, file.stream, place)


def _texts(file: ELFFile, segments: list[Container]) -> Iterator[tuple[int, bytes]]:
    """Yield the dynamic section's tags that are texts, as bytes: pyelftools decodes them."""
    dynamic = next((s for s in segments if s["p_type"] == "PT_DYNAMIC"), None)
    if dynamic is None:
        return
    entry = struct.Struct(("<" if file.little_endian else ">") + ENTRY[file.elfclass])
    data = _content(file, dynamic)
    entries = list(entry.iter_unpack(data[: len(data) // entry.size * entry.size]))
    table = _offset(segments, next((value for tag, value in entries if tag == STRTAB), 0))
    for tag, value in entries:
        if tag == NULL:
            break
        if tag in (NEEDED, SONAME, RPATH, RUNPATH):
            yield tag, parse_cstring_from_stream(file.stream, table + value) or b""


def _offset(segments: list[Container], address: int) -> int:
    """Return where in the file something is that will be at an address."""
    for segment in segments:
        within = address - segment["p_vaddr"]
        if segment["p_type"] == "PT_LOAD" and 0 <= within < segment["p_filesz"]:
            return int(segment["p_offset"] + within)
    raise ELFError("nothing is loaded there")


def _content(file: ELFFile, segment: Container) -> bytes:
    file.stream.seek(segment["p_offset"])
    return file.stream.read(min(segment["p_filesz"], MAX_BYTES))


def _folders(texts: list[tuple[int, bytes]], wanted: int) -> tuple[bytes, ...] | None:
    found = next((text for tag, text in texts if tag == wanted), None)
    return None if found is None else tuple(found.split(b":"))
