"""Find the secrets in environments and arguments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rpz.packer.secrets.forms import Span, header_spans, named, spans
from rpz.packer.secrets.programs import OPTIONS, header_start, known_span, own_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

REMEMBERED = 1 << 14
"""Entries and words whose secrets are remembered: processes pass on what they have."""
MAX_WORD = 1 << 20
"""Bytes of a word or entry that are looked through; there is no longer one in Linux."""

SCRIPT = (b"-c", b"-e", b"-lc", b"-ec")
"""Options of shells and languages that a text of a program follows."""
OPTION = re.compile(rb"(-{0,2}[A-Za-z_][\w.-]*)=")
LINE = re.compile(rb"(?m)^[+ -]?[ \t]*([A-Za-z_][\w-]*)[ \t]*[:=][ \t]*([^\s\"'(){}\[\]]+)[ \t]*$")
"""A line of a parameter file, or of a difference of two: ``password: value``."""


@lru_cache(REMEMBERED)
def entry_spans(entry: bytes) -> tuple[Span, ...]:
    """Return the secrets in one entry of an environment, ``NAME=value``."""
    name, equals, value = entry.partition(b"=")
    start = len(name) + len(equals)
    whole = tuple(named(name, entry, start, len(entry))) if equals else ()
    if whole:
        return whole
    shown = name.decode("utf-8", "backslashreplace")
    found = (Span(shown, start + s.start, start + s.end) for s in spans(value[:MAX_WORD]))
    return apart(found)


def word_spans(words: Sequence[bytes]) -> Iterator[tuple[Span, ...]]:
    """Yield the secrets in each word of a command."""
    before = b""
    program = words[0].rpartition(b"/")[2] if words else b""
    options = OPTIONS.get(program, ())
    own = own_words(program, words) if options else 0
    for number, word in enumerate(words):
        known = known_span(options, before, word) if 0 < number < own else None
        whole = (known,) if known else _value(before, word)
        yield whole or (
            _in_script(word)
            if before in SCRIPT
            else _one_word(word, header_start(program, before, word))
        )
        before = word


def _value(option: bytes, word: bytes) -> tuple[Span, ...]:
    if not option.startswith(b"-") or b"=" in option or word.startswith(b"-"):
        return ()
    return tuple(named(option, word, 0, len(word)))


@lru_cache(REMEMBERED)
def _one_word(word: bytes, header: int | None) -> tuple[Span, ...]:
    """Return the secrets in a word, and in the header that begins somewhere in it, if one does."""
    match = OPTION.match(word)
    whole = tuple(named(match[1], word, match.end(), len(word))) if match else ()
    if whole or header is None:
        return whole or _in_script(word)
    return apart([*_in_script(word), *header_spans(word, header)])


@lru_cache(REMEMBERED)
def _in_script(word: bytes) -> tuple[Span, ...]:
    return apart(spans(word[:MAX_WORD]))


def passage_spans(text: bytes) -> tuple[Span, ...]:
    """Return the secrets in what a person or git says of a run: a comment, a difference."""
    lines = (named(found[1], text, *found.span(2)) for found in LINE.finditer(text))
    return apart([*spans(text), *(span for found in lines for span in found)])


def apart(found: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans that don't overlap, in order: of two that do, what both cover."""
    result: list[Span] = []
    for span in sorted(found, key=lambda s: (s.start, -s.end)):
        if result and span.start < result[-1].end:
            last = result[-1]
            result[-1] = Span(last.name, last.start, max(last.end, span.end))
        else:
            result.append(span)
    return tuple(result)
