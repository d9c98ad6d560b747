"""What a call does, if it succeeds: noted at its entry, recorded at its exit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from rpz.tracer.records import ConnectionKind, Flag, Mode, RenameKind

if TYPE_CHECKING:
    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.resolve import Place
    from rpz.tracer.reference.task import Task


NO_FLAG = Flag(0)


class Event(Protocol):
    """Something that has happened when the call has succeeded."""

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""


@dataclass(frozen=True)
class Use:
    """A file is used."""

    place: Place
    mode: Mode
    flags: Flag = NO_FLAG

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.use(task.number, self.place, self.mode, self.flags)


@dataclass(frozen=True)
class Listing:
    """A folder is opened for reading."""

    place: Place

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.listing(task.number, self.place.path)


@dataclass(frozen=True)
class Renaming:
    """A name is given or moved."""

    old: Place
    new: Place
    kind: RenameKind

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.rename(task.number, self.old, self.new, self.kind)


@dataclass(frozen=True)
class Removal:
    """A name is removed."""

    place: Place

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.remove(task.number, self.place)


class Part(Enum):
    """What of a file a call changes."""

    CONTENT = auto()
    STATUS = auto()
    """Its mode, owner, times or attributes."""
    NAME = auto()
    """The name goes, or is another file's: the content may be lost."""


@dataclass(frozen=True)
class Change:
    """A file is changed: what it was is kept at the entry of the call, by a Keeper."""

    place: Place
    of: Part

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write nothing: the entry did."""


@dataclass(frozen=True)
class Connection:
    """A socket is given an address."""

    kind: ConnectionKind
    address: bytes

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.connection(task.number, self.kind, self.address)


@dataclass(frozen=True)
class Doubt:
    """Something makes the trace less sure."""

    text: str

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.warning(task.number, self.text)
