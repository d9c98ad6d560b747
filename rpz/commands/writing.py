"""How a command writes what was asked for: to a file that appears whole, or to standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def written(file: Path | None, text: Iterable[str], *, overwrite: bool = True) -> None:
    """Write text as UTF-8 to a file; None, ``-``: print it.

    What isn't a file of the disk, such as ``/dev/stdout``, is written to as it is. Bytes that
    ``surrogateescape`` stands for are written as they were.

    Raises:
        FileExistsError: there is such a file, and no ``overwrite``.

    """
    from rpz.packer.atomic import replaced_file

    if file is None or str(file) == "-":
        _write(sys.stdout.buffer, text)
    elif is_stream(file):
        with file.open("wb") as out:
            _write(out, text)
    else:
        with replaced_file(file.resolve() if overwrite else file, overwrite=overwrite) as out:
            _write(out, text)


def is_stream(file: Path) -> bool:
    """Whether writing replaces nothing: the standard output, a pipe, a device."""
    return str(file) == "-" or (file.exists() and not file.is_file())


def _write(out: BinaryIO, text: Iterable[str]) -> None:
    out.writelines(piece.encode("utf-8", "surrogateescape") for piece in text)
    out.flush()
