"""How a command writes what was asked for: to a file that appears whole, or to standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def written(file: Path | None, text: Iterable[str], *, overwrite: bool = True) -> None:
    """Write text as UTF-8 to a file; None, ``-``: print it.

    Raises:
        FileExistsError: there is such a file, and no ``overwrite``.

    """
    from rpz.packer.atomic import replaced_file

    if is_output(file):
        for piece in text:
            sys.stdout.buffer.write(piece.encode())
        sys.stdout.buffer.flush()
        return
    assert file is not None  # noqa: S101 (that is the output)
    with replaced_file(file, overwrite=overwrite) as out:
        for piece in text:
            out.write(piece.encode())


def is_output(file: Path | None) -> bool:
    """Whether the standard output is meant."""
    return file is None or str(file) == "-"
