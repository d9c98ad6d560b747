"""Which values nobody would keep secret, and which look as if somebody would."""

from __future__ import annotations

import os
import re

REDACTED = b"<redacted>"
"""What stands in a pack where a secret was."""

COMMON = frozenset(
    b"true false yes no on off none null nil auto always never default enabled disabled basic "
    b"digest oauth oauth2 bearer required optional".split()
)
"""Values that are no secret, whatever their name."""

FILE_NAME = re.compile(rb"[\w./~+-]+\.(?:json|ya?ml|txt|key|pem|env|ini|toml|cfg|conf|p12|crt)")
SMALL_NUMBER = re.compile(rb"[+-]?\d{1,5}(?:\.\d+)?")
REFERENCE = re.compile(rb"\$|<|%\(|\{\{")
"""How a value begins that is only a reference to one."""

SHORTEST = 8
"""Bytes of a value that looks random: a shorter one may be anything."""
LONG = 16
"""Bytes of letters and digits in a row that no word or number of a person has."""
NO_TOKEN = re.compile(rb"[\s*?\[\]{}()<>|$,;\\]")
"""Signs of patterns, lists and sentences."""
BASE64 = re.compile(rb"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])(?:[A-Za-z0-9+][A-Za-z0-9+/]{38,}|.{40,}=)")
"""What may have slashes and still be no path."""
WORD_AND_NUMBER = re.compile(rb"[A-Za-z]+\d{1,5}|\d+[A-Za-z]{1,4}|0x[0-9A-Fa-f]+")
WORDS = re.compile(rb"[a-z]+\d?(?:_[a-z]*\d*)+")
"""A name that somebody has thought of: ``second_pass_2``."""


def is_plain_value(value: bytes) -> bool:
    """Whether a value is none that anybody would keep secret, or only names one."""
    if value.lower() in COMMON or REFERENCE.match(value) or REDACTED in value:
        return True
    if not value.strip() or FILE_NAME.fullmatch(value):
        return True
    if not value.startswith((b"/", b"~/", b"./")) or b"\0" in value:
        return False
    folder = os.path.dirname(value)
    return folder == b"~" or os.path.lexists(value) or (folder != b"/" and os.path.isdir(folder))


def looks_random(value: bytes, *, typed: bool = False) -> bool:
    """Whether a value looks made by a machine or, if ``typed``, like a password of a person.

    That has letters and digits, and is no path, no pattern, no list, no words with numbers.
    A cookie, ``name=value; name=value``, is random if one of its values is.
    """
    parts = (re.sub(rb"^[\w.-]+=(?=[^=])", b"", part) for part in re.split(rb";\s*", value))
    return any(_is_random(part, typed=typed) for part in parts)


def _is_random(value: bytes, *, typed: bool) -> bool:
    if len(value) < SHORTEST or NO_TOKEN.search(value) or not _is_mixed(value):
        return False
    if b"/" in value and not BASE64.fullmatch(value):
        return False
    if typed:
        return not WORDS.fullmatch(value)
    return any(map(_is_random_piece, re.split(rb"[^A-Za-z0-9]+", value)))


def _is_random_piece(piece: bytes) -> bool:
    if len(piece) >= LONG:
        return _is_mixed(piece)
    digits = sum(piece.count(digit) for digit in b"0123456789")
    return (
        len(piece) >= SHORTEST and _is_mixed(piece) and digits > 1
    ) and not WORD_AND_NUMBER.fullmatch(piece)


def _is_mixed(text: bytes) -> bool:
    return re.search(rb"\d", text) is not None and re.search(rb"[A-Za-z]", text) is not None
