"""The numbers of a paper, as they are declared: ``NAME[:FORMAT]=FILE[:KIND:WHERE]``."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from rpz.provenance.paper.errors import PaperError
from rpz.provenance.paper.selectors import SELECTORS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = "rpz.toml"
FORM = re.compile(
    r"(?P<name>[\w.-]+)(?::(?P<format>[^=]*))?="
    rf"(?P<file>.+?)(?::(?P<kind>{'|'.join(SELECTORS)}):(?P<where>.*))?",
    re.DOTALL,
)
LARGEST = 1 << 26
"""Bytes of a file that a number is taken from: it is read in memory."""


@dataclass(frozen=True)
class Declared:
    """A value that a paper calls ``name``: in which file, where in that, and how it is shown.

    ``form`` is a format of Python's for numbers (``.2f``); empty: as the file has it.
    """

    name: str
    form: str
    file: str
    kind: str
    where: str
    said: str

    def value(self, path: Path) -> str:
        """Return the value from the file.

        Raises:
            PaperError: there is no such value in it, or no number where a format is asked for.

        """
        try:
            found = SELECTORS[self.kind](_text(path), self.where)
            return format(Decimal(found), self.form) if self.form else found
        except PaperError as error:
            problem = error.message
        except InvalidOperation:
            problem = f"{found!r} is not a number, so {self.form} can't be applied"
        except ValueError as error:
            problem = str(error)
        raise PaperError(f"Result {self.name}: {path.name}: {problem}", f"It was said: {self.said}")


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise PaperError(f"it takes more than {LARGEST >> 20} MiB")
    return path.read_text("utf-8-sig")


def declared(said: str) -> Declared:
    """Return what was said.

    Raises:
        PaperError: it hasn't the form.

    """
    found = FORM.fullmatch(said)
    if found is None:
        raise PaperError(
            f"{said} declares no result", "Say NAME=FILE:KIND:WHERE: mean=fit.json:json:/mean"
        )
    parts = found.groupdict(default="")
    return Declared(
        parts["name"], parts["format"], parts["file"], parts["kind"] or "text", parts["where"], said
    )


def declared_in(folder: Path) -> Iterator[Declared]:
    """Yield what the table ``results`` of an ``rpz.toml`` declares, if there is one.

    Raises:
        PaperError: it is wrong.

    """
    try:
        text = (folder / SETTINGS).read_text("utf-8")
    except FileNotFoundError:
        return
    try:
        table = tomllib.loads(text).get("results", {})
    except (ValueError, RecursionError) as error:
        raise PaperError(f"{folder / SETTINGS} is not TOML: {error}", "Mend it") from None
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise PaperError(
            f"{folder / SETTINGS}: results is not a table of texts",
            'Say mean = "fit.json:json:/mean"',
        )
    yield from (declared(f"{name}={value}") for name, value in table.items())
