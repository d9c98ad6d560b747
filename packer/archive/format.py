"""What writer and reader of the archive share (``docs/archive-format.md``)."""

from __future__ import annotations

from rpz.errors import RpzError

DATA = "DATA.tar.gz"
VERSION = "METADATA/version"
TRACE = "METADATA/trace.sqlite3"
CONFIG = "METADATA/config.yml"
EXTENSIONS = "EXTENSIONS/"
SUMMARY = "rpz/summary.json"
"""The extension that tells what is in the data, so that nobody has to unpack it for that."""

PACKAGES = "rpz/packages.json"
"""The extension that tells of packages what ``config.yml`` can't."""

VERSION_TEXT = b"REPROZIP VERSION 2\n"

PREFIX = b"DATA"
"""Before the absolute path of everything in the data."""


class PackError(RpzError):
    """A pack can't be written or read."""
