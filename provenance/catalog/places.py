"""Where runs are: the packs and trace folders that a catalogue knows, and what became of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.provenance.catalog.database import Catalog


class Condition(Enum):
    """What became of a place."""

    THERE = "there"
    CHANGED = "changed"
    """It isn't what was added: another size or time."""
    GONE = "gone"
    ELSEWHERE = "elsewhere"
    """It was added on another machine, and isn't on this one."""


@dataclass(frozen=True)
class Place:
    """A pack or trace folder (``kind``), and the run of it with its number and name there."""

    run: int
    host: str
    path: Path
    kind: str
    number: int
    name: str
    size: int
    modified: int
    added: int

    @property
    def condition(self) -> Condition:
        """What became of it."""
        file = self.path if self.kind == "pack" else TraceFolder(self.path).database
        try:
            status = file.stat()
        except OSError:
            here = self.host == os.uname().nodename
            return Condition.GONE if here else Condition.ELSEWHERE
        same = (status.st_size, status.st_mtime_ns) == (self.size, self.modified)
        return Condition.THERE if same else Condition.CHANGED

    @property
    def shown(self) -> str:
        """Return it as the commands that look at runs take it, behind the host if elsewhere."""
        where = f"{self.path}:{self.number}"
        return f"{self.host}:{where}" if self.condition is Condition.ELSEWHERE else where


def places(catalog: Catalog, where: str = "1", *values: object) -> list[Place]:
    """Return the places of which a condition of SQL is true."""
    statement = f"SELECT * FROM places WHERE {where} ORDER BY hostname, path, number"  # noqa: S608
    return [_place(row) for row in catalog.select(statement, *values)]


def _place(row: tuple[Any, ...]) -> Place:
    run, host, path, kind, number, name, *rest = row
    where = os.fsdecode(host), Path(os.fsdecode(path)), kind.decode()
    return Place(run, *where, number, os.fsdecode(name), *rest)


def left_behind(catalog: Catalog, runs: Iterable[int], kind: str) -> tuple[Path, ...]:
    """Forget and return the places of some runs at which nothing is: they were moved."""
    marks = ", ".join(str(int(run)) for run in runs)
    here = places(catalog, f"run_id IN ({marks}) AND kind = ?", kind)
    gone = [place for place in here if place.condition is Condition.GONE]
    forget(catalog, gone)
    return tuple(dict.fromkeys(place.path for place in gone))


def forget(catalog: Catalog, some: Iterable[Place]) -> None:
    """Remove places; their runs stay."""
    catalog.each(
        "DELETE FROM places WHERE hostname = CAST(? AS TEXT) AND path = CAST(? AS TEXT)"
        " AND number = ?",
        ((os.fsencode(p.host), os.fsencode(p.path), p.number) for p in some),
    )
