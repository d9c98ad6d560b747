"""What is withheld of differences: the values that a pack withholds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.packer.secrets.redact import Secrets
from rpz.packer.secrets.values import REDACTED
from rpz.tracer.fields import items_of
from rpz.tracer.rows import ExecutionRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.diff.side import Side

MARK = REDACTED.decode()


class Withheld:
    """The secrets of two runs."""

    def __init__(self, *sides: Side) -> None:
        """Look for them in all environments, arguments and facts."""
        self._secrets = Secrets()
        for side in sides:
            self._collect(side)
        self._secrets.seal()

    def _collect(self, side: Side) -> None:
        where = f"run_id = {side.run.id}"
        environments = side.database.distinct(ExecutionRow, "envp", where)
        entries = {entry for (listed,) in environments for entry in items_of(listed)}
        self._secrets.collect(entries, [])
        for (argv,) in side.database.distinct(ExecutionRow, "argv", where):
            self._secrets.collect([], items_of(argv))
        for fact in side.facts:
            self._secrets.collect_passage(fact.value)

    def without(self, kind: str, differences: Iterable[Difference]) -> Iterator[Difference]:
        """Yield differences without secrets.

        What is withheld of one run already may be what it is in the other: that is no difference.
        """
        for d in differences:
            about = f"{d.name}=" if kind == "environment" else ""
            one, other = self._text(about, d.one), self._text(about, d.other)
            withheld = any(MARK in (value or "") for value in (d.one, d.other, d.name))
            if withheld and one == other and one is not None:
                continue
            name, detail = self.text(d.name), self.text(d.detail)
            yield replace(d, name=name, one=one, other=other, detail=detail)

    def _text(self, about: str, value: str | None) -> str | None:
        if value is None or not about:
            return None if value is None else self.text(value)
        entry = self._secrets.entry(_bytes(about + value))
        return entry.decode("utf-8", "surrogateescape")[len(about) :]

    def text(self, text: str) -> str:
        """Return any text without secrets."""
        return self._secrets.passage(_bytes(text)).decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
