"""Find the text files that hold a secret and are packed all the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.packer.secrets.forms import FORMS
from rpz.packer.secrets.values import is_plain_value
from rpz.packer.select import Kind

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from rpz.packer.archive.members import Member
    from rpz.packer.secrets.redact import Secrets

LIMIT = 4 << 20
"""Bytes of a file that is looked through."""
TEXT = 1 << 13
"""Bytes at a file's beginning of which none is NUL in a text."""


def telling(
    members: Iterable[Member], packaged: Container[bytes], secrets: Secrets
) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    """Yield the files, and the names of what is withheld elsewhere and stands in them.

    Looked through are text files of up to :data:`LIMIT` bytes that no package has installed.
    """
    if not secrets.is_seeking:
        return
    for member in members:
        if member.kind is not Kind.FILE or member.source is None:
            continue
        if member.path in packaged:
            continue
        if names := secrets.names_in(_text_of(member.source)):
            yield member.path, names


def forms_in(path: bytes) -> tuple[str, ...]:
    """Return the kinds of tokens of which a text file seems to hold one, by their form."""
    text = _text_of(path)
    found = (one.name for one in FORMS for match in one.pattern.finditer(text)
             if not is_plain_value(match[one.pattern.groups]))  # fmt: skip
    return tuple(sorted(set(found)))


def _text_of(path: bytes) -> bytes:
    try:
        if os.stat(path).st_size > LIMIT:
            return b""
        with open(path, "rb") as file:
            begin = file.read(TEXT)
            return b"" if b"\0" in begin else begin + file.read(LIMIT)
    except OSError:  # whoever packs it says so
        return b""
