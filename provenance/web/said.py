"""What servers say when they refuse, in a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 500


def page_in(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object that an answer is, if it is one."""
    try:
        page = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return page if isinstance(page, dict) else None


def said(data: bytes) -> str:
    """Return the words of an error of InvenioRDM, Dataverse or a registry; empty if there are none.

    InvenioRDM says ``{message, errors: [{field, messages}]}``, Dataverse ``{message}``, registries
    ``{errors: [{code, message}]}``.
    """
    page = page_in(data)
    return said_of(page) if page is not None else ""


def said_of(page: dict[str, Any]) -> str:
    """Return the words of an answer that was read already."""
    words = "; ".join(dict.fromkeys(_words(page)))
    return words[:LONGEST].strip().rstrip(".")


def _words(page: dict[str, Any]) -> Iterator[str]:
    if isinstance(message := page.get("message"), str) and message:
        yield message
    errors = page.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            named = error.get("messages") or error.get("message") or error.get("code") or ""
            text = ", ".join(map(str, named)) if isinstance(named, list) else str(named)
            yield f"{error['field']}: {text}" if error.get("field") else text
