"""A map for tests."""

from __future__ import annotations

from rpz.provenance.paper.model import MadeBy, PaperMap, Result, Shown


def paper_map(value: str) -> PaperMap:
    """Return the map of one value."""
    run = MadeBy("1", "run0", "a.rpz", "", "true", "2026-01-01T00:00:00+00:00", "")
    file = Shown("x", "x", "1", 1, "ab" * 32, "ab" * 16)
    return PaperMap({"1": run}, {"x": file}, {"r": Result("r", value, "x", "r=x")})
