"""Where in a file a value is: a kind of selector is a function, and a row here.

Each takes the file's text and what was said behind its name, and returns the value as the file has
it: no digit is lost.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

from rpz.provenance.paper.errors import PaperError

if TYPE_CHECKING:
    from collections.abc import Callable


def whole(text: str, _where: str) -> str:
    """Return all of the file, without the white space around it."""
    return text.strip()


def of_json(text: str, where: str) -> str:
    """Return what a JSON pointer (RFC 6901) leads to: ``/fit/0/slope``."""
    from jsonpointer import JsonPointer, JsonPointerException

    try:
        # Numbers stay as they are written
        document = json.loads(text, parse_float=str, parse_int=str)
        value = JsonPointer(where).resolve(document)
    except (ValueError, RecursionError, JsonPointerException) as error:
        raise PaperError(f"no value at {where}: {error}") from None
    if isinstance(value, (dict, list)):
        raise PaperError(f"{where} is not one value")
    return value if isinstance(value, str) else json.dumps(value)


def of_csv(text: str, where: str, delimiter: str = ",") -> str:
    """Return a cell of a table that has a header: ``ROW,COLUMN``, or ``COLUMN`` of the only row.

    ROW is a number (the first below the header is 1) or ``COLUMN=VALUE``; COLUMN a name or number.
    """
    words = _table(where, ",")
    if len(words) != 1 or len(words[0]) > 2:  # noqa: PLR2004 (row and column)
        raise PaperError(f"{where} is not ROW,COLUMN")
    *row, column = words[0]
    table = _table(text, delimiter)
    if not table:
        raise PaperError("no table is in it")
    header, *rows = table
    found = _rows(header, rows, row[0]) if row else rows
    if len(found) != 1:
        raise PaperError(f"{len(found)} rows are meant by {where}, not one")
    return _cell(found[0], _column(header, column)).strip()


def _table(text: str, delimiter: str) -> list[list[str]]:
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise PaperError(f"it is no table: {error}") from None
    return [line for line in lines if line]


def _rows(header: list[str], rows: list[list[str]], row: str) -> list[list[str]]:
    if row.isdecimal():
        return rows[int(row) - 1 : int(row)] if int(row) else []
    name, equals, value = row.partition("=")
    if not equals:
        raise PaperError(f"{row} is neither a row's number nor COLUMN=VALUE")
    number = _column(header, name)
    return [line for line in rows if _cell(line, number).strip() == value]


def _column(header: list[str], column: str) -> int:
    names = [name.strip() for name in header]
    if names.count(column) > 1:
        raise PaperError(f"several columns are called {column}")
    if column in names:
        return names.index(column)
    if column.isdecimal() and 0 < int(column) <= len(names):
        return int(column) - 1
    raise PaperError(f"no column is called {column}")


def _cell(row: list[str], number: int) -> str:
    return row[number] if number < len(row) else ""


def of_tsv(text: str, where: str) -> str:
    """Return a cell of a table whose columns are parted by tabs."""
    return of_csv(text, where, "\t")


def of_regex(text: str, where: str) -> str:
    """Return what the first group of a regular expression (or all of it) matches, once."""
    try:
        found = list(re.finditer(where, text, re.MULTILINE))
    except re.error as error:
        raise PaperError(f"{where} is no regular expression: {error}") from None
    if len(found) != 1:
        raise PaperError(f"{where} is found {len(found)} times, not once")
    return found[0][1 if found[0].re.groups else 0] or ""


SELECTORS: dict[str, Callable[[str, str], str]] = {
    "text": whole,
    "json": of_json,
    "csv": of_csv,
    "tsv": of_tsv,
    "regex": of_regex,
}
