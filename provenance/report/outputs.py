"""The outputs of a run, and what the page shows of them: images, first lines, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rpz.provenance.report.originals import Original, originals
from rpz.provenance.report.preview import Budget, preview

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.provenance.page import Page
    from rpz.provenance.report.clean import Clean
    from rpz.provenance.source import Source

MOST = 1000
"""Outputs on the page; the list of files has all."""
STREAMS = {"stdout": "standard output", "stderr": "standard error"}


def outputs_of(source: Source, page: Page, side: Clean) -> dict[str, Any]:
    """Return what a run has left, with a preview of what is still to be had of it."""
    budget = Budget()
    wanted = {path: (size, sha256) for path, size, sha256 in page.outputs[:MOST]}
    found = {
        path: preview(path, original, side.secrets, budget)
        for path, original in originals(source, wanted)
    }
    listed = [
        {
            "path": path.decode("utf-8", "surrogateescape"),
            "size": size,
            "sha256": sha256,
            "preview": found.get(path, {"note": "What it held is not in the pack or on this disk"}),
        }
        for path, (size, sha256) in wanted.items()
    ]
    return {
        "files": listed,
        "left_out": len(page.outputs) - len(wanted),
        "streams": _streams(source.run.id, side, budget),
    }


def _streams(run: int, side: Clean, budget: Budget) -> list[dict[str, Any]]:
    """Return what the run wrote to its standard output and error, where that was kept."""
    if side.folder is None:
        return []
    kept = ((name, side.folder.output(run, stream)) for stream, name in STREAMS.items())
    return [_stream(name, path, side, budget) for name, path in kept if path.exists()]


def _stream(name: str, path: Path, side: Clean, budget: Budget) -> dict[str, Any]:
    with path.open("rb") as file:
        shown = preview(b"", Original(file), side.secrets, budget)
    return {"path": name, "size": path.stat().st_size, "preview": shown}
