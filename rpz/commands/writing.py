"""How a command writes what was asked for: to a file that appears whole, or to standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def written(file: Path | None, text: Iterable[str]) -> None:
    """Write text as UTF-8 to a file, which is replaced if it is there; None, ``-``: print it."""
    from rpz.packer.atomic import replaced_file

    if file is None or str(file) == "-":
        for piece in text:
            sys.stdout.buffer.write(piece.encode())
        sys.stdout.buffer.flush()
        return
    with replaced_file(file) as out:
        for piece in text:
            out.write(piece.encode())
