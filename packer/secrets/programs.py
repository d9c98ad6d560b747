"""Programs with options whose names don't tell that a secret follows: a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.secrets.forms import Span

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Option:
    """An option with a secret in its value, after ``mark``.

    ``begin`` matches it at the beginning of a word. With ``is_joined``, the value is always in
    that word: in ``mysql -p name`` it is that of a database.
    """

    name: bytes
    mark: bytes
    begin: re.Pattern[bytes]
    is_joined: bool = False

    def span(self, before: bytes, word: bytes) -> Span | None:
        """Return where the secret is in a word that comes after ``before``."""
        joined = self.begin.match(word)
        if not self.is_joined and self.begin.fullmatch(before):
            start = 0
        elif joined and joined.end() < len(word):
            start = joined.end()
        else:
            return None
        found = word.find(self.mark, start)
        start = found + len(self.mark)
        if found < 0 or start == len(word):
            return None
        return Span(self.name.decode(), start, len(word))


def _options(*names: bytes, mark: bytes = b"", flags: bytes = b"") -> tuple[Option, ...]:
    """Return options; between ``-`` and the letter of a short one may be ``flags``: ``-su``."""
    return tuple(Option(name, mark, re.compile(_begin(name, flags))) for name in names)


def _begin(name: bytes, flags: bytes) -> bytes:
    if name.startswith(b"--"):
        return re.escape(name) + rb"(?:=|\Z)"
    return b"-" + (b"[%s]*" % flags if flags else b"") + re.escape(name[1:])


CURL_FLAGS = b"aBfGgIijkLlNnOpqRSsvZ0-46#"
MYSQL = (Option(b"-p", b"", re.compile(b"-p"), is_joined=True),)
OPTIONS = {
    b"curl": _options(
        b"-u", b"--user", b"-U", b"--proxy-user", mark=b":", flags=CURL_FLAGS
    ) + _options(b"-b", b"--cookie", mark=b"=", flags=CURL_FLAGS),
    b"sshpass": _options(b"-p"),
    b"lftp": _options(b"-u", b"--user", mark=b","),
    b"smbclient": _options(b"-U", b"--user", mark=b"%"),
    b"redis-cli": _options(b"-a"),
    b"ldapsearch": _options(b"-w"),
    b"mongosh": _options(b"-p"),
    b"zip": _options(b"-P"),
    b"unzip": _options(b"-P"),
    **{
        client + tool: MYSQL
        for client, tools in (
            (b"mysql", (b"", b"dump", b"admin", b"import", b"check", b"show", b"slap")),
            (b"mariadb", (b"", b"-dump", b"-admin", b"-import", b"-check", b"-show", b"-slap")),
        )
        for tool in tools
    },
}  # fmt: skip
"""By the name of the program."""

STARTERS = {b"sshpass": (b"-p", b"-P", b"-f", b"-d")}
"""Programs that start another, whose options aren't theirs; and their own ones with a value."""

HEADER_OPTION = re.compile(rb"-[A-Za-z]*H|--headers?")
HEADER_BEGIN = re.compile(rb"-[A-Za-z]*?H(?=.)|--headers?=")
"""An option with a header of HTTP in its value: what follows, or the same word, has that."""
HEADER_WORDS = (b"http", b"https", b"xh", b"xhs")
"""Programs any of whose words may be a header."""


def known_span(options: Sequence[Option], before: bytes, word: bytes) -> Span | None:
    """Return where one of a program's options has a secret in a word, which follows ``before``."""
    found = (option.span(before, word) for option in options)
    return next((span for span in found if span), None)


def own_words(program: bytes, words: Sequence[bytes]) -> int:
    """Return how many words of a command are the program's own, not of what it starts."""
    if program not in STARTERS:
        return len(words)
    number = 1
    while number < len(words) and words[number].startswith(b"-"):
        number += 2 if words[number] in STARTERS[program] else 1
    return number


def header_start(program: bytes, before: bytes, word: bytes) -> int | None:
    """Return where in a word a header of HTTP begins, if it has one."""
    if HEADER_OPTION.fullmatch(before) or program in HEADER_WORDS:
        return 0
    begin = HEADER_BEGIN.match(word)
    return begin.end() if begin else None
