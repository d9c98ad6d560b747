"""The parameters, the command, and its working folder."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference, mapping_differences
from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.side import Side


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs; the command itself only where no parameter tells."""
    found = list(mapping_differences(_settings(one), _settings(other)))
    yield from found
    ours, theirs = _command(one), _command(other)
    if ours != theirs:
        yield Difference("command", ours, theirs)
    folders = [_text(side.mapped(side.run.workingdir)) for side in (one, other)]
    if folders[0] != folders[1]:
        yield Difference("working folder", *folders)


def _settings(side: Side) -> dict[str, str]:
    return {
        f"{fact.name}{_of(side.mapped(fact.source))}": _text(side.mapped(fact.value))
        for fact in side.topic("parameter")
    }


def _of(source: bytes) -> str:
    return f" of {_text(source)}" if source else ""


def _command(side: Side) -> str:
    words = items_of(side.run.argv)
    return shlex.join(_text(side.mapped(word)) for word in words)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
