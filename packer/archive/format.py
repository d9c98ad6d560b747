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
MANIFEST = "rpz/manifest.jsonl.gz"
"""The extension that tells of every packed name what it is, and where in the data."""
INDEX = "rpz/index.jsonl"
"""The extension that tells where the blocks of the data are, and the digests of all members."""

PACKAGES = "rpz/packages.json"
"""The extension that tells of packages what ``config.yml`` can't."""

PUBLICATION = "rpz/publication.json"
"""The extension that tells who made the runs, under which licence, and beside what."""

VERSION_TEXT = b"REPROZIP VERSION 2\n"
OLD_VERSION_TEXT = b"REPROZIP VERSION 1\n"

PREFIX = b"DATA"
"""Before the absolute path of everything in the data."""


class PackError(RpzError):
    """A pack can't be written or read."""

    usual_remedy = "Get it again from where it came from, or pack again"


class DamagedPackError(PackError):
    """A pack that was one once."""

    def __init__(self, name: object, what: str = "is damaged or cut short") -> None:
        """Say which pack, and what is wrong with it."""
        super().__init__(f"{name} {what}", "Copy or download it again")
