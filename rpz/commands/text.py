"""How the commands show what may hold any bytes."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from rpz.commands.options import DEFAULT_TRACE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def shown_path(path: bytes | str | os.PathLike[str]) -> str:
    """Return a path as text for a terminal: printable, on one line."""
    return shown(os.fsdecode(path))


def shown(text: str) -> str:
    """Return text with what a terminal can't show, or would obey, as escapes."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def shown_lines(text: str) -> str:
    """Return text of more than one line as :func:`shown` does each of them."""
    return "\n".join(map(shown, text.split("\n")))


def shown_command(argv: Iterable[str]) -> str:
    """Return a command as one could type it."""
    return shown(shlex.join(argv))


def shown_pack(folder: Path) -> str:
    """Return the command that packs a trace."""
    usual = folder == DEFAULT_TRACE_DIR
    return shown_command(["rpz", "pack", *([] if usual else ["-d", os.fspath(folder)])])


def counted(number: int, noun: str) -> str:
    """Return ``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 (a byte that surrogateescape couldn't decode)
        return f"\\x{code - 0xDC00:02x}"
    return ascii(character)[1:-1]
