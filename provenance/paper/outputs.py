"""What runs have left, to be found by content and by name."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rpz.provenance.export.names import Described
from rpz.provenance.paper.errors import PaperError
from rpz.provenance.paper.model import MadeBy
from rpz.provenance.publication.storage import read_publication
from rpz.provenance.publication.swhid import digests_of
from rpz.tracer.fields import items_of
from rpz.tracer.rows import DigestRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rpz.provenance.source import Source
    from rpz.tracer.rows import RunRow

SECOND = 10**9


@dataclass(frozen=True)
class Output:
    """A file as a run left it; ``source`` is the pack or trace folder that tells of it."""

    path: bytes
    size: int
    sha256: str
    run: MadeBy
    source: Path


class Outputs:
    """All that some packs and traces tell of; later runs count before earlier ones."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._last: dict[tuple[Path, bytes], Output] = {}
        self._contents: dict[str, Output] = {}
        self._names: dict[bytes, dict[tuple[Path, bytes], None]] = {}

    def add(self, source: Source, link: str = "") -> None:
        """Add what the runs of a pack or trace have left.

        Args:
            source: what tells of them.
            link: where they are found; empty: at the DOI that the pack says is its own.

        Raises:
            PaperError: it knows no contents.
            RpzError: it can't be read.

        """
        link = link or read_publication(source.path).doi_url
        digest = "" if source.pack is None else digests_of(source.path).sha256
        rows = 0
        for run in source.runs:
            made_by = _made_by(source, run, digest, link)
            for row in source.database.rows(DigestRow, "run_id = ? AND role = 'output'", run.id):
                self._add(Output(row.name, row.size, row.sha256, made_by, source.path))
                rows += 1
        if not rows:
            raise PaperError(
                f"{source.path} tells of no file that a run wrote",
                "Name the run that wrote them; rpz trace --no-hash records no contents",
            )

    def _add(self, output: Output) -> None:
        place = (output.source, output.path)
        self._last[place] = self._contents[output.sha256] = output
        self._names.setdefault(posixpath.basename(output.path), {})[place] = None

    def with_content(self, sha256: str) -> Output | None:
        """Return the last that had this content."""
        return self._contents.get(sha256)

    def called(self, name: bytes) -> list[Output]:
        """Return those whose paths have the longest end in common with a name, the last first.

        Of a path that several runs of a pack wrote it is what the last of them left.
        """
        wanted = posixpath.normpath(name).split(b"/")
        found = [self._last[place] for place in self._names.get(wanted[-1], ())]
        best = max((_common(output.path, wanted) for output in found), default=0)
        return [output for output in reversed(found) if _common(output.path, wanted) == best]


def _common(path: bytes, wanted: Sequence[bytes]) -> int:
    """Return how many of their last parts are the same."""
    pairs = zip(reversed(path.split(b"/")), reversed(wanted), strict=False)
    return next((n for n, (one, other) in enumerate(pairs) if one != other), len(wanted))


def _made_by(source: Source, run: RunRow, digest: str, link: str) -> MadeBy:
    described = Described(source.database, run)
    argv = [word.decode("utf-8", "backslashreplace") for word in items_of(run.argv)]
    started = datetime.fromtimestamp(run.started // SECOND, timezone.utc)
    return MadeBy(
        id=described.fact("run", "id") or described.url.rstrip("#"),
        label=run.label,
        pack=source.path.name or str(source.path),
        sha256=digest,
        command=shlex.join(argv),
        started=started.isoformat(),
        link=link,
    )


def stems(outputs: Outputs, name: bytes, suffixes: Sequence[str]) -> Iterator[Output]:
    """Yield the outputs that a name means, which may have no suffix."""
    for suffix in ("", *suffixes):
        if found := outputs.called(name + suffix.encode()):
            yield from found
            return
