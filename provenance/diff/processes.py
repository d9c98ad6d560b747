"""The processes, aligned as trees: the same program with the same arguments at the same place."""

from __future__ import annotations

import difflib
import os
import shlex
from collections import Counter
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.diff.side import Side
    from rpz.provenance.processes import Process

MOST = 2000
"""Children of one process that are aligned one by one; of more, only the numbers are compared."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield processes that only one run had, and those that ended otherwise."""
    yield from _aligned(one, other, one.processes, other.processes)


def _aligned(
    one: Side, other: Side, ours: Sequence[Process], theirs: Sequence[Process]
) -> Iterator[Difference]:
    a, b = [_key(one, p) for p in ours], [_key(other, p) for p in theirs]
    if max(len(a), len(b)) > MOST:
        yield from _counted(Counter(a), Counter(b))
        return
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            for mine, its in zip(ours[i:j], theirs[k:m], strict=True):
                yield from _same(one, other, mine, its)
        else:
            yield from _changed(one, other, ours[i:j], theirs[k:m])


def _changed(
    one: Side, other: Side, ours: Sequence[Process], theirs: Sequence[Process]
) -> Iterator[Difference]:
    """Compare processes of which none is the same: with other arguments, or others altogether."""
    a, b = [_program(p) for p in ours], [_program(p) for p in theirs]
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            for mine, its in zip(ours[i:j], theirs[k:m], strict=True):
                if mine not in one.processes:  # that command is among the parameters
                    yield Difference(_program(mine), _key(one, mine), _key(other, its))
                yield from _same(one, other, mine, its)
        else:
            yield from (Difference(_key(one, p), "ran", None) for p in ours[i:j])
            yield from (Difference(_key(other, p), None, "ran") for p in theirs[k:m])


def _same(one: Side, other: Side, mine: Process, its: Process) -> Iterator[Difference]:
    ends = [_end(process) for process in (mine, its)]
    if ends[0] != ends[1]:
        yield Difference(_key(one, mine), *ends)
    yield from _aligned(one, other, mine.children, its.children)


def _counted(ours: Counter[str], theirs: Counter[str]) -> Iterator[Difference]:
    for key in sorted(ours.keys() | theirs.keys()):
        if ours[key] != theirs[key]:
            yield Difference(key, f"ran {ours[key]} times", f"ran {theirs[key]} times")


def _key(side: Side, process: Process) -> str:
    commands = (
        shlex.join(
            os.fsdecode(side.without_numbers(side.mapped(os.fsencode(word)))) for word in command
        )
        for command in process.commands
    )
    return " => ".join(commands) or "(a fork)"


def _program(process: Process) -> str:
    return process.commands[-1][0] if process.commands and process.commands[-1] else ""


def _end(process: Process) -> str:
    if process.signal is not None:
        return f"signal {process.signal}"
    return "not seen" if process.status is None else f"exit status {process.status}"
