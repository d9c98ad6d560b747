"""Which runs of a catalogue are meant."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.tracer.records import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONDITION = re.compile(rb"\s*([^\s<>=!~][^<>=!~]*?)\s*(<=|>=|!=|==|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
OPERATORS = {b"=": "= 0", b"==": "= 0", b"!=": "<> 0", b"<": "< 0", b"<=": "<= 0", b">": "> 0",
             b">=": ">= 0"}  # fmt: skip
"""What the comparison of two numbers is to be."""
STATUSES = {
    "ok": "exitcode = 0",
    "failed": "exitcode <> 0",
    "killed": f"exitcode >= {SIGNALLED}",
    "unknown": "exitcode IS NULL",
}
TEXT = "CAST(? AS TEXT)"
FARTHEST = (1 << 63) - 1
"""What a time is taken for that SQLite's numbers can't hold: there are no runs so far away."""
SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


class FilterError(RpzError):
    """A filter says nothing that could be understood."""


@dataclass(frozen=True)
class Filters:
    """What is asked of a run; nothing of what is empty.

    ``since`` and ``until`` are ISO 8601, of the local time zone if they name none; a date alone is
    the whole day. ``program``, ``host`` and ``user`` may have ``*`` and ``?``. ``inputs`` and
    ``outputs`` are SHA-256. ``where`` are comparisons of parameters, ``gain=2.5``. ``words`` are
    looked for in all that is known. ``ids`` are how ids begin.
    """

    tags: Sequence[str] = ()
    project: str = ""
    since: str = ""
    until: str = ""
    program: str = ""
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    where: Sequence[str] = ()
    status: str = ""
    host: str = ""
    user: str = ""
    words: Sequence[str] = ()
    ids: Sequence[str] = ()

    def conditions(self) -> list[tuple[str, list[object]]]:
        """Return conditions on rows of ``runs``, in SQL, with the values in them.

        Raises:
            FilterError: one of them can't be understood.

        """
        found = [_fact("why", "tag", tag) for tag in self.tags]
        found += [_fact("why", "project", self.project)] if self.project else []
        found += [_fact("who", "user", self.user, "GLOB")] if self.user else []
        found += [("started >= ?", [_moment(self.since)])] if self.since else []
        found += [("started < ?", [_moment(self.until, end=True)])] if self.until else []
        found += [_program(self.program)] if self.program else []
        found += [(f"hostname GLOB {TEXT}", [os.fsencode(self.host)])] if self.host else []
        found += [_content("input", text) for text in self.inputs]
        found += [_content("output", text) for text in self.outputs]
        found += [_parameter(text) for text in self.where]
        found += [_status(self.status)] if self.status else []
        found += [_word(word) for word in self.words]
        if self.ids:
            found.append(_ids(self.ids))
        return found


def _fact(topic: str, name: str, value: str, how: str = "=") -> tuple[str, list[object]]:
    where = f"topic = ? AND name = ? AND value {how} {TEXT}"
    return _has("facts", where), [topic, name, os.fsencode(value)]


def _has(table: str, where: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE {table}.run_id = runs.id AND {where})"  # noqa: S608


def _program(program: str) -> tuple[str, list[object]]:
    """Return what a whole path, or the last part of one, is asked to be."""
    pattern = program if program.startswith(("/", "*")) else f"*/{program}"
    return _has("programs", f"programs.name GLOB {TEXT}"), [os.fsencode(pattern)]


def _content(role: str, sha256: str) -> tuple[str, list[object]]:
    if not SHA256.fullmatch(sha256):
        raise FilterError(f"{sha256} is no SHA-256", "Name a file that is there, or 64 digits")
    where = "SELECT run_id FROM uses JOIN contents ON contents.id = content_id"
    return f"runs.id IN ({where} WHERE sha256 = ? AND role = ?)", [sha256.lower(), role]


def _parameter(text: str) -> tuple[str, list[object]]:
    found = CONDITION.fullmatch(os.fsencode(text))
    if found is None:
        raise FilterError(f"{text!r} compares nothing", "Say it as gain=2.5, gain>2 or method~fft")
    name, operator, value = found.groups()
    named = f"topic = 'parameter' AND (name = {TEXT} OR name GLOB {TEXT})"
    # An argument says what counts, whatever a file says of the same name.
    last = (
        "(source = '' OR NOT EXISTS (SELECT 1 FROM facts AS given WHERE given.run_id = runs.id"
        " AND given.topic = 'parameter' AND given.name = facts.name AND given.source = ''))"
    )
    where = f"{named} AND {last} AND {_comparison(operator, value)}"
    values = [value] if operator in (b"<", b"<=", b">", b">=") else [value, value]
    return _has("facts", where), [name, b"*." + _literally(name), *values]


def _comparison(operator: bytes, value: bytes) -> str:
    """Return the comparison of a fact's value: of numbers if both are, else of texts."""
    if operator == b"~":
        return f"(instr(lower(value), lower({TEXT})) > 0 OR value = {TEXT})"
    numbers = f"compare(CAST(value AS BLOB), ?) {OPERATORS[operator]}"
    if operator in (b"=", b"=="):
        return f"({numbers} OR value = {TEXT})"
    if operator == b"!=":
        return f"coalesce({numbers}, value <> {TEXT})"
    if _is_text(value):
        raise FilterError(
            f"{os.fsdecode(value)!r} is no number", "Only numbers are less or greater than others"
        )
    return numbers


def _is_text(value: bytes) -> bool:
    from rpz.provenance.catalog.numbers import number

    return number(value) is None


def _literally(text: bytes) -> bytes:
    """Return a pattern of GLOB for a text as it is."""
    return re.sub(rb"([*?\[])", rb"[\1]", text)


def _status(text: str) -> tuple[str, list[object]]:
    if text in STATUSES:
        return STATUSES[text], []
    if text.isdecimal() and text.isascii():
        return "exitcode = ?", [int(text[:9])]
    raise FilterError(
        f"{text!r} is no exit status", f"Name a number, or one of {', '.join(STATUSES)}"
    )


def _moment(text: str, *, end: bool = False) -> int:
    """Return nanoseconds since 1970; of a day its beginning, or its end."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise FilterError(
            f"{text!r} is no date or time", "2026-11-22 and 2026-11-22T10:15 are"
        ) from None
    if end and found.time() == time() and len(text) <= len("2026-11-22"):
        found += timedelta(days=1)
    try:
        nanoseconds = int(found.astimezone().timestamp()) * 10**9 + found.microsecond * 1000
    except (OverflowError, OSError, ValueError):
        raise FilterError(f"{text!r} is too far away", "2026-11-22 is nearer") from None
    return max(-FARTHEST, min(nanoseconds, FARTHEST))


SOMEWHERE = {
    "facts": "topic <> 'run' AND (value LIKE :w OR name LIKE :w)",
    "programs": "name LIKE :w",
    "places": "name LIKE :w",
    "uses": "name_id IN (SELECT id FROM names WHERE name LIKE :w)",
}
"""Where a word is looked for, by tables that have rows of runs."""
IN_RUNS = ("spaced(CAST(argv AS BLOB))", "workingdir", "hostname", "uuid")


def _word(word: str) -> tuple[str, list[object]]:
    tables = (
        f"runs.id IN (SELECT run_id FROM {table} WHERE {where})"  # noqa: S608 (our own)
        for table, where in SOMEWHERE.items()
    )
    whole = " OR ".join([*tables, *(f"{column} LIKE :w" for column in IN_RUNS)])
    pattern = os.fsencode(re.sub(r"([\\%_])", r"\\\1", word))
    values: list[object] = [b"%" + pattern + b"%"] * whole.count(":w")
    return f"({whole})".replace(":w", f"{TEXT} ESCAPE '\\'"), values


def _ids(ids: Sequence[str]) -> tuple[str, list[object]]:
    for text in ids:
        if not re.fullmatch(r"[0-9a-fA-F-]{4,36}", text):
            raise FilterError(
                f"{text!r} is no id of a run", "rpz list shows them; 4 digits will do"
            )
    found = " OR ".join("substr(uuid, 1, ?) = ?" for _ in ids)
    return f"({found})", [value for text in ids for value in (len(text), text.lower())]


def and_all(conditions: Sequence[tuple[str, list[object]]]) -> tuple[str, list[object]]:
    """Return one condition of all."""
    text = " AND ".join(f"({condition})" for condition, _ in conditions)
    return text or "1", list(_values(conditions))


def _values(conditions: Sequence[tuple[str, list[object]]]) -> Iterator[object]:
    for _, values in conditions:
        yield from values
