"""Put the page together: one file that loads nothing, and in which no data can become markup.

The data are JSON in a script element of a type that no browser runs. ``<``, ``>`` and ``&`` are
escapes there, so that nothing in them ends the element; the scripts put texts into the page as
texts only. A policy lets the browser run and apply only what has the digests of our own scripts
and style, and load nothing (https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).with_name("page")
SCRIPTS = (
    "text",
    "dom",
    "model",
    "rows",
    "summary",
    "timeline",
    "merging",
    "layout",
    "graph",
    "treemap",
    "files",
    "outputs",
    "surroundings",
    "differences",
    "main",
)
"""The scripts in the order in which they are run, as one."""
MARK = b"<!doctype html><!-- a report of rpz -->"
_ESCAPES = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def page(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the page of a document, in pieces."""
    script = '"use strict";\n' + "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    style = _asset("style.css")
    parts = {"policy": policy(script, style), "style": style, "script": script}
    yield MARK
    for place, text in enumerate(_PLACE.split(_asset("page.html"))):
        if place % 2 == 0:
            yield text.encode()
        elif text == "data":
            yield embedded(document).encode("ascii")
        else:
            yield parts[text].encode()


def policy(script: str, style: str) -> str:
    """Return the content security policy of a page with one script and one style."""
    return (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"script-src '{_digest(script)}'; style-src '{_digest(style)}'"
    )


def embedded(document: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a script element: ASCII, and no markup whatever is in it."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _asset(name: str) -> str:
    return (PAGE / name).read_text("utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
