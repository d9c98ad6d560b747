"""What the commands share that look at many runs: which are meant, how they are printed."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rpz.commands.options import DEFAULT_TRACE_DIR, as_json
from rpz.commands.text import shown, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rpz.provenance.catalog.adding import Added
    from rpz.provenance.catalog.database import Catalog

log = logging.getLogger(__name__)
Function = TypeVar("Function", bound=Any)
SHORT_ID = 8


def _or_above(ctx: click.Context, _param: click.Parameter, file: Path | None) -> Path | None:
    """Take the catalogue that was named before a subcommand, unless one is named behind it."""
    above = ctx.parent.params.get("file") if ctx.parent else None
    return file or above


catalog_file = click.option(
    "--catalog",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_or_above,
    help="The catalogue, in the place of $RPZ_CATALOG or the usual one.",
)
within = click.option(
    "--in",
    "within",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A pack, a trace folder, or a folder of them, in the place of the catalogue.",
)
as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for other programs.")


def printed(function: Function) -> Function:
    """Add ``--json`` and ``--csv``."""
    return as_json(as_csv(function))


@contextlib.contextmanager
def looked_at(file: Path | None, within: Sequence[Path]) -> Iterator[tuple[Catalog, str, int]]:
    """Open what is asked: the catalogue, its name, and how much could not be looked at."""
    from rpz.provenance.catalog.adding import add
    from rpz.provenance.catalog.database import Catalog, usual_catalog

    path = file or usual_catalog()
    if within and file:
        raise click.UsageError("--in and --catalog are two places to look in: name one.")
    if not within and file is None and not path.exists() and DEFAULT_TRACE_DIR.exists():
        within = [DEFAULT_TRACE_DIR]
    if not within:
        with Catalog.open(path) as catalog:
            yield catalog, shown_path(path), 0
        return
    with Catalog.temporary() as catalog:
        troubled = sum(not told(added) for added in add(catalog, within))
        yield catalog, ", ".join(map(shown_path, within)), troubled


def told(added: Added) -> bool:
    """Say why nothing could be taken of a place; return whether something could."""
    if added.trouble is not None:
        from rpz.cli import failed_call

        error = added.trouble
        said = str(failed_call(error) if isinstance(error, OSError) else error)
        place = shown_path(added.path)
        log.error("%s", said if place in said else f"{place}: {said}")
    return added.trouble is None


def print_rows(rows: Iterable[dict[str, Any]], *, as_json: bool, as_csv: bool) -> None:
    """Print runs as a table for people, as JSON, or as CSV."""
    if as_json:
        for line in _json_lines(rows):
            click.echo(line)
    elif as_csv:
        click.echo(_csv(rows), nl=False)
    else:
        for line in _table(list(rows)):
            click.echo(line)


def _json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}{json.dumps(row)}"
        before = ","
    yield "]" if before == "," else "[]"


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    from rpz.provenance.catalog.rows import flat

    columns, made = flat(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _shown(value) for key, value in row.items()} for row in made)
    return text.getvalue()


def _shown(value: Any) -> Any:
    """Return text without what no encoding has; lines in it stay, which CSV can hold."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


HEADER = ("id", "started", "end", "wall", "host", "where", "command")


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    cells = [HEADER, *(tuple(map(shown, _cells(row))) for row in rows)] if rows else []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        *padded, last = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join([*padded, last.rstrip()])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["id"][:SHORT_ID],
        when(row),
        end_of(row),
        "?" if row["seconds"] is None else f"{row['seconds']:.1f} s",
        row["host"],
        where(row),
        row["command"],
    )


def when(row: dict[str, Any]) -> str:
    """Return when a run started, to the second."""
    date, _, rest = str(row["started"]).partition("T")
    return f"{date} {rest[:8]} {rest[12:]}"


def end_of(row: dict[str, Any]) -> str:
    """Say how a run ended in a word or two."""
    if row["signal"] is not None:
        return f"signal {row['signal']}"
    return "?" if row["status"] is None else str(row["status"])


def where(row: dict[str, Any]) -> str:
    """Say where a run is, one place if there are more."""
    known = row["places"] or [f"{place} (gone)" for place in row["gone"]] or ["nowhere"]
    return known[0] if len(known) == 1 else f"{known[0]} and {len(known) - 1} more"
