"""Why an output differs: back through the processes that made it, to inputs that differ, too."""

from __future__ import annotations

import posixpath
import shlex
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.provenance.comparison import advice
from rpz.provenance.diff.inputs import described
from rpz.provenance.diff.withheld import Withheld
from rpz.provenance.source import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from rpz.provenance.diff.side import Side
    from rpz.provenance.files import File
    from rpz.provenance.processes import Process


@dataclass(frozen=True)
class Step:
    """A file on the way back, and the processes (numbers) that wrote it; of an input, none."""

    path: bytes
    writers: tuple[int, ...]


@dataclass(frozen=True)
class Cause:
    """An input that differs, and the way from the output to it, that included.

    ``one`` and ``other`` say what it was; None: it wasn't read. ``package`` is the one that it is
    of, with the versions, "" if it is of none.
    """

    way: tuple[Step, ...]
    one: str | None
    other: str | None
    package: str = ""

    @property
    def path(self) -> bytes:
        """The input."""
        return self.way[-1].path


@dataclass(frozen=True)
class Answer:
    """What was found of an output: ``differs``, and the causes, the nearest first.

    ``known``: it is recorded what it held; else it may differ if there are causes.
    """

    path: bytes
    known: bool
    differs: bool
    causes: tuple[Cause, ...]
    commands: dict[int, str]


def why(one: Side, other: Side, name: str) -> Answer:
    """Walk back from an output of two runs, in the first of them.

    A process may have put all that it read into all that it wrote.

    Raises:
        SourceError: neither run wrote such a file, or several; what it held is in neither trace.

    """
    path = _output(one, other, name)
    ours, theirs = one.files.get(path), other.files.get(path)
    known = not all(file is not None and file.after is None for file in (ours, theirs))
    differs = not known or ours is None or theirs is None or ours.after != theirs.after
    side = one if ours is not None else other
    causes = tuple(_causes(one, other, side, path)) if differs else ()
    if not (known or causes):
        raise SourceError(
            f"Both traces don't tell what {name} held in the end, nor an input of it that differs",
            "Trace without --no-hash, and name a file that the runs have left",
        )
    secrets = Withheld(one, other)
    commands = {number: secrets.text(said) for number, said in _commands(side.processes)}
    return Answer(path, known, differs, causes, commands)


def _output(one: Side, other: Side, name: str) -> bytes:
    wanted = name.encode("utf-8", "surrogateescape")
    written = {
        path
        for side in (one, other)
        for path, file in side.files.items()
        if file.written and wanted in (path, file.path, posixpath.basename(path))
    }
    if not written:
        raise SourceError(f"Neither run wrote {name}", "rpz files --written lists what they wrote")
    exact = [path for path in written if path == wanted]
    if len(written) > 1 and not exact:
        paths = ", ".join(sorted(path.decode(errors="backslashreplace") for path in written))
        remedy = advice(one, other) or f"Name one of: {paths}"
        raise SourceError(f"The runs wrote several files {name}", remedy)
    return exact[0] if exact else written.pop()


def _causes(one: Side, other: Side, side: Side, output: bytes) -> list[Cause]:
    """Return inputs that differ, breadth first, so that the nearest come first.

    Where what the writers themselves have read says nothing, it may have come through a pipe or an
    argument: then what their relatives have read counts, too.
    """
    for kin in (frozenset, _relatives(side)):
        if found := list(_walk(one, other, side, output, kin)):
            return found
    return []


def _walk(
    one: Side, other: Side, side: Side, output: bytes, kin: Callable[[set[int]], AbstractSet[int]]
) -> Iterator[Cause]:
    ways: deque[tuple[Step, ...]] = deque([(Step(output, _writers(side.files[output])),)])
    seen = {output}
    while ways:
        way = ways.popleft()
        for path in _read_by(side, kin(set(way[-1].writers))):
            if path in seen:
                continue
            seen.add(path)
            file = side.files[path]
            if file.made:
                ways.append((*way, Step(path, _writers(file))))
            elif (found := _differing(one, other, path)) is not None:
                yield Cause((*way, Step(path, ())), *found, _package(one, other, path))


def _relatives(side: Side) -> Callable[[set[int]], AbstractSet[int]]:
    """Return what gives the parents, the children and the siblings of processes."""
    families: dict[int, set[int]] = {}
    for root in side.processes:
        for _, process in root.all():
            family = {process.number, *(child.number for child in process.children)}
            for number in family:
                families.setdefault(number, set()).update(family)
    return lambda numbers: {kin for number in numbers for kin in families.get(number, {number})}


def _differing(one: Side, other: Side, path: bytes) -> tuple[str | None, str | None] | None:
    ours, theirs = (described(side.files.get(path)) for side in (one, other))
    return None if ours == theirs else (ours, theirs)


def _package(one: Side, other: Side, path: bytes) -> str:
    found = [package for side in (one, other) if (package := side.owners.get(path))]
    versions = dict.fromkeys(package.version for package in found)
    return f"{found[0].name} {' -> '.join(versions)}" if found else ""


def _writers(file: File) -> tuple[int, ...]:
    return tuple(sorted(file.writers))


def _read_by(side: Side, processes: AbstractSet[int]) -> list[bytes]:
    return sorted(
        path for path, file in side.files.items() if not processes.isdisjoint(file.readers)
    )


def _commands(roots: Sequence[Process]) -> Iterator[tuple[int, str]]:
    for root in roots:
        for _, process in root.all():
            yield process.number, " => ".join(map(shlex.join, process.commands)) or "(a fork)"
