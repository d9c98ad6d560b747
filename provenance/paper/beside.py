"""The files that a manuscript needs beside it, to be checked when it is typeset."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from rpz.packer.atomic import replaced_file
from rpz.provenance.paper.errors import PaperError

if TYPE_CHECKING:
    from pathlib import Path

OURS = {
    "rpz.sty": rb"\ProvidesPackage{rpz}",
    "rpz_filter.py": b'"""A filter of pandoc and Quarto that checks figures and numbers against',
    "rpz_sphinx.py": b'"""An extension of Sphinx that checks figures and numbers against',
}
"""What tells an older one of ours, which is replaced, from another's file of that name."""


def put_beside(folder: Path, name: str) -> None:
    """Put a file of :data:`OURS` into a folder; one that can be executed, as pandoc wants it.

    Raises:
        PaperError: a file of that name is there, and isn't ours.

    """
    wanted = files(__package__).joinpath(name).read_bytes()
    target = folder / name
    if target.exists():
        there = target.read_bytes()
        if there == wanted:
            return
        if OURS[name] not in there:
            raise PaperError(f"{target} is another's", "Give it another name")
    with replaced_file(target) as file:
        file.write(wanted)
    if name.endswith(".py"):
        target.chmod(target.stat().st_mode | 0o111 & ~0o022)
