"""The outputs: what the runs have left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference, with_details
from rpz.provenance.diff.inputs import content
from rpz.tracer.records import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Changed
    from rpz.provenance.diff.side import Side
    from rpz.provenance.files import File


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield how the runs ended, if otherwise, and the outputs that differ."""
    if one.run.exitcode != other.run.exitcode:
        yield Difference("end", _end(one), _end(other))
    yield from with_details(one.held, list(_found(one, other)))


def _found(one: Side, other: Side) -> Iterator[tuple[Difference, Changed]]:
    whole = one.tells_outputs and other.tells_outputs
    for path in sorted(one.files.keys() | other.files.keys()):
        files = one.files.get(path), other.files.get(path)
        if not whole and all(file is not None and file.written for file in files):
            continue  # what one of them has left isn't known
        ours, theirs = map(_left, files)
        if ours != theirs:
            name = path.decode("utf-8", "surrogateescape")
            a, b = files
            contents = (a, a.after if a else None, b, b.after if b else None)
            yield Difference(name, ours, theirs), contents


def _left(file: File | None) -> str | None:
    if file is None or not file.written or file.after is None:
        return None
    return content(file.after)


def _end(side: Side) -> str:
    code = side.run.exitcode
    if code is None:
        return "not seen"
    return f"signal {code - SIGNALLED}" if code >= SIGNALLED else f"exit status {code}"
