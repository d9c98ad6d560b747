"""The parameters, the command, and its working folder."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference, mapping_differences
from rpz.provenance.parameters import of_arguments
from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.side import Side


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs; the command itself only where no parameter tells."""
    whole = one.has_record and other.has_record
    yield from mapping_differences(_settings(one, whole=whole), _settings(other, whole=whole))
    ours, theirs = _command(one), _command(other)
    if ours != theirs:
        yield Difference("command", ours, theirs)
    folders = [_text(side.mapped(side.run.workingdir)) for side in (one, other)]
    if folders[0] != folders[1]:
        yield Difference("working folder", *folders)


def _settings(side: Side, *, whole: bool) -> dict[str, str]:
    """Return the parameters; unless both runs have a record of them, those of the arguments."""
    if not whole:
        words = [_text(word) for word in items_of(side.run.argv)]
        return {name: _text(side.mapped(_bytes(value))) for name, value in of_arguments(words)}
    return {
        f"{fact.name}{_of(side.mapped(fact.source))}": _text(side.mapped(fact.value))
        for fact in side.topic("parameter")
    }


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _of(source: bytes) -> str:
    return f" of {_text(source)}" if source else ""


def _command(side: Side) -> str:
    words = items_of(side.run.argv)
    return shlex.join(_text(side.mapped(word)) for word in words)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
