"""What differs between two runs, as JSON for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rpz.provenance.report.preview import without

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rpz.packer.secrets.redact import Secrets
    from rpz.provenance.diff import Section

MOST = 2000
"""Differences of a kind that are on the page."""


def differences_document(
    sections: Iterable[Section],
    missing: int,
    hint: str,
    *,
    gaps: bool,
    secrets: Sequence[Secrets | None] = (),
) -> dict[str, Any]:
    """Return the differences.

    ``missing`` inputs may differ, ``hint`` says how to compare better, ``gaps`` that a trace
    doesn't tell all. ``secrets`` of the runs are taken out, which the content of files may have.
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
                    {
                        field: _cleaned(getattr(difference, field), secrets)
                        for field in ("name", "one", "other", "detail")
                    }
                    for difference in section.differences[:MOST]
                ],
            }
            for section in sections
        ],
    }


def _cleaned(value: str | None, secrets: Sequence[Secrets | None]) -> str | None:
    if value is None:
        return None
    data = value.encode("utf-8", "surrogateescape")
    for withheld in secrets or (None,):
        data = without(data, withheld)
    return data.decode("utf-8", "surrogateescape")
