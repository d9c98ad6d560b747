"""``rpz ls``: list what is in a pack."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import as_json, limit_size, verbosity
from rpz.commands.text import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.archive.manifest import Entry

LETTERS = {"file": stat.S_IFREG, "folder": stat.S_IFDIR, "symlink": stat.S_IFLNK}


@click.command(short_help="List the files in a pack.")
@as_json
@limit_size
@verbosity
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
@click.argument("glob", required=False)
def command(pack: Path, glob: str | None, as_json: bool, limit: int | None) -> None:
    """List the files in PACK: mode, bytes, path; those that GLOB fits.

    In GLOB * and ? stand for what has no slash, ** for whole folders. Without a slash it is for the
    last part of the path.
    """
    from rpz.packer.archive.globs import fitting
    from rpz.packer.archive.reader import Pack

    with Pack.open(pack, limit) as opened:
        entries = fitting(opened.entries(), glob)
        for line in _json_lines(entries) if as_json else map(_line, entries):
            click.echo(line)


def _line(entry: Entry) -> str:
    kind = LETTERS.get(entry.kind.value, stat.S_IFREG)
    leads = {"symlink": " -> ", "hardlink": " = "}.get(entry.kind.value)
    target = f"{leads}{shown_path(entry.target)}" if leads else ""
    return f"{stat.filemode(kind | entry.mode)} {entry.size:>12} {shown_path(entry.path)}{target}"


def _json_lines(entries: Iterator[Entry]) -> Iterator[str]:
    """Yield one JSON list, line by line: it may be of a million files."""
    from rpz.packer.archive.manifest import entry_json

    before = "["
    for entry in entries:
        document = {k: v for k, v in entry_json(entry).items() if k not in PLACES}
        yield f"{before}{json.dumps(document)}"
        before = ","
    yield "]" if before == "," else "[]"


PLACES = ("start", "content", "end", "extents")
"""What only a reader of the archive needs."""
