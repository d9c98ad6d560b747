"""What the readers of documents of other programs share: these may have anything anywhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from rpz.provenance.publication.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Callable


def text(value: Any) -> str:
    """Return a text or a number as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def listed(value: Any) -> list[Any]:
    """Return a list; of a single value, of it alone."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def field(document: Any, name: str) -> Any:
    """Return what an object has; None if it isn't one, or hasn't."""
    return document.get(name) if isinstance(document, dict) else None


def checked(value: Any, check: Callable[[str], str]) -> str:
    """Return an id in its one form; empty if it is none, since other programs write others."""
    with contextlib.suppress(PublicationError):
        return check(text(value))
    return ""
