"""Find the secrets in environments and arguments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rpz.packer.secrets.forms import Span, named, spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

REMEMBERED = 1 << 14
"""Entries and words whose secrets are remembered: processes pass on what they have."""
MAX_WORD = 1 << 20
"""Bytes of a word or entry that are looked through; there is no longer one in Linux."""

SCRIPT = (b"-c", b"-e", b"-lc", b"-ec")
"""Options of shells and languages that a text of a program follows."""
PROGRAMS = {
    b"curl": {b"-u": b":", b"--user": b":", b"-U": b":", b"--proxy-user": b":"},
    b"sshpass": {b"-p": b""},
    b"lftp": {b"-u": b","},
    b"smbclient": {b"-U": b"%"},
}
"""Programs with options whose names don't tell, and what the secret comes after in their values."""
OPTION = re.compile(rb"(-{0,2}[A-Za-z_][\w.-]*)=")


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
    options = PROGRAMS.get(words[0].rpartition(b"/")[2], {}) if words else {}
    for word in words:
        whole: tuple[Span, ...] = ()
        if before in options:
            whole = _after(options[before], before, word)
        elif before.startswith(b"-") and b"=" not in before and not word.startswith(b"-"):
            whole = tuple(named(before, word, 0, len(word)))
        yield whole or (_in_script(word) if before in SCRIPT else _one_word(word))
        before = word


def _after(mark: bytes, option: bytes, word: bytes) -> tuple[Span, ...]:
    start = word.find(mark) + len(mark)
    if start < len(mark) or start == len(word):
        return ()
    return (Span(option.decode(), start, len(word)),)


@lru_cache(REMEMBERED)
def _one_word(word: bytes) -> tuple[Span, ...]:
    match = OPTION.match(word)
    whole = tuple(named(match[1], word, match.end(), len(word))) if match else ()
    return whole or _in_script(word)


@lru_cache(REMEMBERED)
def _in_script(word: bytes) -> tuple[Span, ...]:
    return apart(spans(word[:MAX_WORD]))


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
