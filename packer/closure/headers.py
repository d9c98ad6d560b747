"""What the first bytes of a file say that it needs to be started or loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rpz.packer.closure.elf import MAGIC, Elf, read_elf

if TYPE_CHECKING:
    from typing import BinaryIO

SCRIPT = b"#!"
LINE = 256
"""Bytes of the first line that the kernel reads (BINPRM_BUF_SIZE)."""


@dataclass(frozen=True)
class Script:
    """A file whose first line names its interpreter, and perhaps one argument for it."""

    interpreter: bytes
    argument: bytes | None = None


@lru_cache(1 << 14)
def read_header(source: bytes) -> Elf | Script | None:
    """Look at a file; None: it is neither an ELF file nor a script, or can't be read."""
    try:
        with open(source, "rb") as file:
            return _read(file)
    except OSError:
        return None


def _read(file: BinaryIO) -> Elf | Script | None:
    start = file.read(LINE)
    if start.startswith(MAGIC):
        file.seek(0)
        return read_elf(file)
    if start.startswith(SCRIPT):
        words = start[len(SCRIPT) :].partition(b"\n")[0].strip(b" \t").split(None, 1)
        return Script(*words) if words else None
    return None
