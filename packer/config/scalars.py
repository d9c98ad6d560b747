"""One value of ``config.yml`` as YAML text, whatever it holds."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rpaths import PosixPath

PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""Text that needs no escapes between double quotes: most of it, and PyYAML takes its time."""

ENDLESS = 1 << 30
"""A line width at which PyYAML never folds."""

MAX_KEY = 1000
"""A key that is longer than 1024 characters as written has to be marked with ``?``."""


def text(value: str) -> str:
    """Return a string, in which lone surrogates stand for bytes that are not UTF-8."""
    if PLAIN.fullmatch(value):
        return f'"{value}"'
    try:
        value.encode()
    except UnicodeEncodeError:
        return _binary(value.encode("utf-8", "surrogateescape"))
    import yaml  # it takes as long as writing a thousand files' names

    written: str = yaml.dump(value, default_style='"', width=ENDLESS, allow_unicode=True)
    return written.rstrip("\n")


def path(value: PosixPath) -> str:
    """Return a path, byte by byte."""
    return text(bytes(value).decode("utf-8", "surrogateescape"))


def entry(key: str, value: str) -> str:
    """Return ``key: value``, the value as already written."""
    written = text(key)
    return f"{written}: {value}" if len(written) < MAX_KEY else f"? {written}\n: {value}"


def comment(value: str) -> str:
    """Return what can stand in a comment: one line, printable."""
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)


def remark(written: str, value: str) -> str:
    """Return the readable form of what was written as ``!!binary``, for the comment behind it."""
    if not written.startswith("!!binary"):
        return ""
    return comment(value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def _binary(value: bytes) -> str:
    return f'!!binary "{base64.b64encode(value).decode()}"'
