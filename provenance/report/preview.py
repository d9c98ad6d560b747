"""What the page shows of a file: the image, the beginning of a table, the first lines."""

from __future__ import annotations

import base64
import codecs
import csv
import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rpz.packer.secrets.redact import Secrets

if TYPE_CHECKING:
    from rpz.provenance.report.originals import Original

IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
"""Images that browsers show, by how they begin."""
LARGEST_IMAGE = 1 << 21
"""Bytes of an image."""
MOST_IMAGES = 1 << 24
"""Bytes of all images on a page."""
HEAD = 1 << 14
"""Characters of a text that are looked at."""
MOST_LINES = 40
MOST_COLUMNS = 12
MOST_TEXTS = 1 << 21
"""Bytes of all texts on a page."""
TABLES = {b".csv": ",;\t|", b".tsv": "\t"}
"""Names of tables, and what may be between their columns."""


@dataclass
class Budget:
    """The bytes that there is still room for on a page."""

    images: int = MOST_IMAGES
    texts: int = MOST_TEXTS


def preview(
    path: bytes, original: Original, secrets: Secrets | None, budget: Budget
) -> dict[str, Any]:
    """Return what to show of a file, or in a note why nothing is; without secrets."""
    head = original.file.read(2 * HEAD)  # twice: a secret at the end of what is shown is whole
    suffix = os.path.splitext(path)[1].lower()
    if (kind := image_type(head, suffix)) is not None:
        return _image(kind, head + original.file.read(LARGEST_IMAGE), secrets, budget)
    if not head:
        return {"note": "It is empty"}
    if (text := _text(without(head, secrets))) is None:
        return {"note": "It is neither a text nor an image that browsers show"}
    whole = len(head) < 2 * HEAD and len(text) <= HEAD
    text = text if whole else _whole_lines(text[:HEAD])
    if len(text) > budget.texts:
        return {"note": "There was no more room on this page for its first lines"}
    budget.texts -= len(text)
    if suffix in TABLES:
        return _table(text, TABLES[suffix], whole=whole)
    lines = text.splitlines()
    return {"text": "\n".join(lines[:MOST_LINES]), "more": not whole or len(lines) > MOST_LINES}


def image_type(head: bytes, suffix: bytes) -> str | None:
    """Return the media type of an image, by how it begins; None: it is none that is shown.

    A drawing in SVG is text: its name counts, too. As the source of an image it runs no scripts
    and loads nothing, in any browser.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if suffix == b".svg" and b"<svg" in head:
        return "image/svg+xml"
    return next((kind for begin, kind in IMAGES.items() if head.startswith(begin)), None)


def _image(kind: str, data: bytes, secrets: Secrets | None, budget: Budget) -> dict[str, Any]:
    if len(data) > LARGEST_IMAGE:
        return {"note": f"It is an image of more than {LARGEST_IMAGE >> 20} MiB"}
    if len(data) > budget.images:
        return {"note": "There was no more room on this page for the image"}
    if secrets is not None and secrets.holds(data):
        return {"note": "It holds something that looks like a secret"}
    budget.images -= len(data)
    return {"image": kind, "data": base64.b64encode(data).decode()}


def without(data: bytes, secrets: Secrets | None) -> bytes:
    """Take out the secrets of the run, and what looks like one by itself."""
    own = Secrets()
    own.collect_passage(data)
    own.seal()
    return own.passage(data if secrets is None else secrets.passage(data))


def _text(data: bytes) -> str | None:
    """Return a text in UTF-8, of which the end may be missing; None: it is none."""
    if b"\0" in data:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None


def _whole_lines(text: str) -> str:
    return text.rpartition("\n")[0] or text


def _table(text: str, delimiters: str, *, whole: bool) -> dict[str, Any]:
    lines = text.splitlines()
    try:
        dialect: Any = csv.Sniffer().sniff("\n".join(lines[:MOST_LINES]), delimiters)
    except csv.Error:
        dialect = "excel-tab" if delimiters == "\t" else "excel"
    rows = list(itertools.islice(csv.reader(lines, dialect), MOST_LINES))
    more = not whole or len(lines) > len(rows) or any(len(row) > MOST_COLUMNS for row in rows)
    return {"rows": [row[:MOST_COLUMNS] for row in rows], "more": more}
