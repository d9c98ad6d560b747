"""``rpz files``: what a run read and wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.looking import source, tell, text
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.provenance.files import Content, File
    from rpz.tracer.database import TraceDatabase


@click.command(short_help="List the files that a run read and wrote.")
@source
@click.option("--read", is_flag=True, help="Those that it read.")
@click.option("--written", is_flag=True, help="Those that it wrote.")
@click.option("--by", type=int, metavar="PROCESS", help="Of one process: its number in rpz ps.")
@as_json
@verbosity
def command(source: str, read: bool, written: bool, by: int | None, as_json: bool) -> None:
    """List the files that a run read (r), wrote (w), made (+), with their SHA-256 and bytes.

    Without RUN, of the last run. With both --read and --written, those that it read and wrote.
    """
    from rpz.provenance.files import files
    from rpz.provenance.source import opened

    with opened(source, contents=True) as found:
        tell(found.gaps)
        if by is not None:
            _check(found.database, found.run.id, by)
        listed = files(found.database, found.run.id, None if by is None else {by})
    chosen = [f for f in listed if (f.read or not read) and (f.written or not written)]
    for line in _json_lines(chosen) if as_json else map(_line, chosen):
        click.echo(line)


def _check(database: TraceDatabase, run: int, number: int) -> None:
    """Refuse the number of a process that a run hasn't."""
    from rpz.errors import RpzError
    from rpz.tracer.rows import ProcessRow

    if not database.count(ProcessRow, "run_id = ? AND id = ? AND NOT is_thread", run, number):
        raise RpzError(f"The run has no process {number}", "rpz ps lists them")


def _line(file: File) -> str:
    how = f"{'r' if file.read else '-'}{'w' if file.written else '-'}{'+' if file.made else ' '}"
    content = file.after or file.before
    digest = content.sha256[:16] if content else ""
    size = str(content.size) if content else ""
    return f"{how} {digest:<16} {size:>12} {shown_path(file.path)}"


def _json_lines(files: Iterable[File]) -> Iterator[str]:
    """Yield one JSON list, line by line."""
    before = "["
    for file in files:
        document = {
            "path": text(file.path),
            "read": file.read,
            "written": file.written,
            "made": file.made,
            "before": _content(file.before),
            "after": _content(file.after),
            "processes": sorted(file.readers | file.writers),
        }
        yield f"{before}{json.dumps(document)}"
        before = ","
    yield "]" if before == "," else "[]"


def _content(content: Content | None) -> dict[str, Any] | None:
    return {"size": content.size, "sha256": content.sha256} if content else None
