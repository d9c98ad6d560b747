"""Is a pack closed: has it all that the runs used, and all that its programs start and load."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from rpz.errors import first_of
from rpz.packer.archive.format import PackError
from rpz.packer.archive.members import Member
from rpz.packer.closure.account import kernels_files, unaccounted
from rpz.packer.closure.check import Missing, Question, check
from rpz.packer.closure.facts import read_facts
from rpz.packer.closure.places import Packed, follow
from rpz.packer.excludes import Excludes
from rpz.packer.magic import is_magic
from rpz.packer.select import Kind, LeftOut, Reason
from rpz.tracer.database import TraceDatabase

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from rpz.packer.config.model import Config
    from rpz.packer.plan import Plan
    from rpz.packer.select import Selection

SHOWN = 5
"""Files that an error message names before it only counts."""


@dataclass(frozen=True)
class Result:
    """What the check of a pack has found.

    ``added`` are libraries, interpreters and the links to them that are to be packed besides, of
    ``size`` bytes;
    ``missing`` what a program in the pack will not find; ``unmet`` what the runs did without;
    ``lost`` runs, each with its program or working folder that isn't there;
    ``left_out`` files that the selection passes over; ``foreign`` programs for other processors,
    which weren't looked at.
    """

    added: tuple[bytes, ...] = ()
    missing: tuple[Missing, ...] = ()
    unmet: tuple[Missing, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    foreign: tuple[bytes, ...] = ()
    size: int = 0
    lost: tuple[tuple[str, bytes], ...] = ()

    def added_to(self, planned: Plan) -> Plan:
        """Put what was added into a plan, where it is listed as what a pattern found is."""
        if not self.added:
            return planned
        new = [path for path in self.added if path not in planned.members]
        for path in new:
            planned.members.put(_member(path))
        planned.members.add_parents()
        return replace(
            planned,
            matched=tuple(sorted({*planned.matched, *new})),
            size=planned.size + self.size,
        )


def _member(path: bytes) -> Member:
    if os.path.islink(path):
        return Member(path, Kind.LINK, path, os.readlink(path))
    return Member(path, Kind.FILE, path)


def completed(
    planned: Plan, selection: Selection, config: Config, trace: Path
) -> tuple[Plan, Selection, Result]:
    """Check a pack before it is written, and add what it lacks and what has to be told.

    Raises:
        PackError: as :func:`closed`.

    """
    result = closed(planned, selection, config, trace)
    told = replace(selection, left_out=selection.left_out + result.left_out)
    return result.added_to(planned), told, result


def closed(planned: Plan, selection: Selection, config: Config, trace: Path) -> Result:
    """Check a pack before it is written; ``trace`` is the database.

    Raises:
        PackError: a file that the runs used would silently not be packed.

    """
    members = planned.members
    listed = chain((n.path for n in selection.needed), (left.path for left in selection.left_out))
    withheld = {path for path in listed if path not in members}
    with TraceDatabase.open(trace) as database:
        left_out = tuple(kernels_files(database)) + _account(database, members, withheld)
        facts = read_facts(database)
    packed = Packed.of(planned.members, facts.made)
    excludes = Excludes(config.excluded_patterns)
    question = Question(
        packed=packed,
        used={item.path for item in selection.needed if packed.has(item.path)},
        is_withheld=lambda path: path in withheld or excludes.take(path),
        architectures={run.architecture for run in config.runs},
        is_packed=members.__contains__,
    )
    found = check(question, facts)
    hosts = {left.path for left in selection.left_out if left.reason is Reason.HOST}
    missing = sorted(found.missing.values(), key=lambda item: item.name)
    missing = [item for item in missing if item.name not in hosts]
    return Result(
        added=tuple(sorted(found.added)),
        missing=tuple(item for item in missing if item.was_missed),
        unmet=tuple(item for item in missing if not item.was_missed),
        left_out=left_out,
        foreign=tuple(sorted(found.foreign)),
        lost=tuple(_lost(config, packed, members)),
        size=sum(os.lstat(path).st_size for path in found.added if not os.path.islink(path)),
    )


def _lost(config: Config, packed: Packed, members: Container[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield what a person's edits have taken away, or named wrongly, that runs can't do without."""
    for run in config.runs:
        program, folder = bytes(run.binary), bytes(run.workingdir)
        if not follow(packed, program):
            yield run.id, program
        there = folder == b"/" or folder in members or packed.is_made(folder)
        if not there and not is_magic(folder):
            yield run.id, folder


def _account(
    database: TraceDatabase, members: Container[bytes], withheld: Container[bytes]
) -> tuple[LeftOut, ...]:
    """Return what is gone that nobody spoke of; refuse when it is still there."""
    lost = sorted(unaccounted(database, lambda path: path in members or path in withheld))
    there = [os.fsdecode(path) for path in lost if os.path.lexists(path)]
    if there:
        raise PackError(
            f"The runs used what would not be packed: {first_of(there, SHOWN)}",
            "This is a fault of rpz: please report it, and add them to other_files in config.yml",
        )
    return tuple(LeftOut(path, Reason.MISSING) for path in lost)
