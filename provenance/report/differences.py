"""What differs between two runs, as JSON for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.provenance.diff import Section

MOST = 2000
"""Differences of a kind that are on the page."""


def differences_document(
    sections: Iterable[Section], missing: int, hint: str, *, gaps: bool
) -> dict[str, Any]:
    """Return the differences.

    ``missing`` inputs may differ, ``hint`` says how to compare better, ``gaps`` that a trace
    doesn't tell all.
    """
    return {
        "gaps": gaps,
        "missing": missing,
        "hint": hint,
        "sections": [
            {
                "title": section.title,
                "count": len(section.differences),
                "differences": [
                    {"name": d.name, "one": d.one, "other": d.other, "detail": d.detail}
                    for d in section.differences[:MOST]
                ],
            }
            for section in sections
        ],
    }
