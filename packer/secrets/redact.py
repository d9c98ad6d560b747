"""Put ``<redacted>`` where secrets are: in environments, in arguments, wherever they turn up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from rpz.packer.secrets.find import entry_spans, passage_spans, word_spans
from rpz.packer.secrets.values import COMMON, REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rpz.packer.secrets.forms import Span
    from rpz.packer.secrets.haystack import Haystack

SHORTEST = 6
"""Bytes of a value that is looked for everywhere: a shorter one is part of other words."""
PATH_BEGIN = re.compile(rb"(?:^|(?<=[=:]))(?=/)")
"""Where a path begins in a variable or a word: ``PWD=/a``, ``/a:/b``, ``--data=/a``."""


@dataclass
class Secrets:
    """What is withheld: the names that were found, each with its values.

    ``paths`` are those that a replay needs as they are, with NUL between them; ``kept`` are the
    names whose values stay. ``common`` are values that stand for other things too, such as the
    user's name: they are taken out where they were found, and nowhere else. ``passed`` are the
    names of those in what is said of the runs, where a value may be a word of a program: likewise.
    ``exposed`` are the names of what is still somewhere in the pack, ``idle`` those to be kept of
    which there is nothing.
    """

    kept: frozenset[str] = frozenset()
    paths: bytes | Haystack = field(default=b"", repr=False)
    common: frozenset[bytes] = frozenset()
    found: dict[str, set[bytes]] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    exposed: set[str] = field(default_factory=set)
    idle: tuple[str, ...] = ()
    _pattern: re.Pattern[bytes] | None = field(default=None, repr=False)
    _sought: tuple[bytes, ...] = ()
    _places: dict[bytes, bool] = field(default_factory=dict, repr=False)

    def collect(self, environment: Iterable[bytes], words: Sequence[bytes]) -> None:
        """Take in the secrets of one process."""
        for entry in environment:
            self._add(entry, entry_spans(entry))
        for word, found in zip(words, word_spans(words), strict=True):
            self._add(word, found)

    def collect_passage(self, text: bytes) -> None:
        """Take in the names of the secrets in what is said of a run."""
        self.passed.update(span.name for span in passage_spans(text))

    def _add(self, text: bytes, found: Iterable[Span]) -> None:
        for span in found:
            values = self.found.setdefault(span.name, set())
            if not self._is_place(text, span):
                values.add(text[span.start : span.end])
            elif span.name not in self.kept:
                self.exposed.add(span.name)

    def _is_place(self, text: bytes, span: Span) -> bool:
        """Whether a secret is part of a path that is in the pack, and stands for that in a text.

        A program that was told so where its files are has to be told so again.
        """
        begins = [m.start() for m in PATH_BEGIN.finditer(text, 0, span.start + 1)]
        return any(self._is_in_paths(text[b : span.end]) for b in begins if b < span.start)

    def _is_in_paths(self, path: bytes) -> bool:
        if path not in self._places:  # processes pass on what they have
            self._places[path] = path in self.paths
        return self._places[path]

    def seal(self) -> None:
        """Get ready to redact: all processes were collected.

        A value that is part of ``paths`` can't be told from them: it is taken out where it was
        found only, and its name is one of ``exposed``.
        """
        self.idle = tuple(sorted(self.kept - self.found.keys() - self.passed))
        self.passed -= self.kept
        kept = {value for name in self.kept for value in self.found.pop(name, ())}
        self.found = {name: left for name, vs in self.found.items() if (left := vs - kept)}
        sought = {v for values in self.found.values() for v in values if self._is_sought(v)}
        in_paths = {value for value in sought if value in self.paths}
        self.exposed |= {n for n, values in self.found.items() if values & in_paths}
        sought -= in_paths
        sought |= {quote_from_bytes(value, safe="").encode() for value in sought}
        self._sought = tuple(sorted(sought, key=lambda value: (-len(value), value)))
        self._pattern = re.compile(b"|".join(map(re.escape, self._sought))) if sought else None

    def _is_sought(self, value: bytes) -> bool:
        if len(value) < SHORTEST or value in self.common or value.lower() in COMMON:
            return False
        return value not in REDACTED

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what is withheld, sorted."""
        return tuple(sorted(self.found.keys() | self.passed))

    def entry(self, entry: bytes) -> bytes:
        """Return an entry of an environment without its secrets."""
        return self.text(self._without(entry, entry_spans(entry)))

    def words(self, words: Sequence[bytes]) -> list[bytes]:
        """Return the words of a command without their secrets."""
        found = zip(words, word_spans(words), strict=True)
        return [self.text(self._without(word, spans)) for word, spans in found]

    def passage(self, text: bytes) -> bytes:
        """Return what is said of a run without its secrets."""
        for span in reversed(passage_spans(text)):
            if span.name in self.passed:
                text = text[: span.start] + REDACTED + text[span.end :]
        return self.text(text)

    def text(self, text: bytes) -> bytes:
        """Return any text without the values that are looked for everywhere."""
        if self._pattern is None or not self.holds(text):
            return text
        return self._pattern.sub(REDACTED, text)

    @property
    def is_seeking(self) -> bool:
        """Whether there are values to look for everywhere."""
        return bool(self._sought)

    def holds(self, text: bytes) -> bool:
        """Whether one of the values that are looked for everywhere is in a text."""
        return any(value in text for value in self._sought)

    def names_in(self, text: bytes | Haystack) -> tuple[str, ...]:
        """Return the names of the values looked for everywhere that are in a text, sorted."""
        there = {value for value in self._sought if value in text}
        there |= {unquote_to_bytes(value) for value in there}
        return tuple(sorted(name for name, values in self.found.items() if values & there))

    def _without(self, text: bytes, found: Sequence[Span]) -> bytes:
        for span in reversed(found):
            value = text[span.start : span.end]
            if value in self.found.get(span.name, ()) and not self._is_place(text, span):
                text = text[: span.start] + REDACTED + text[span.end :]
        return text
