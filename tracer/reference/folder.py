"""Calls that change the working folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.tracer.records import Flag, Mode
from rpz.tracer.reference.call import Call, Handler, Name
from rpz.tracer.reference.events import Event, Use
from rpz.tracer.reference.resolve import Place, place_of_descriptor

if TYPE_CHECKING:
    from collections.abc import Sequence


def _entering(place: Place | None) -> Sequence[Event]:
    return () if place is None else (Use(place, Mode.WDIR, Flag.DIRECTORY),)


def _chdir(call: Call) -> Sequence[Event]:
    return _entering(Name(0).place(call))


def _fchdir(call: Call) -> Sequence[Event]:
    return _entering(place_of_descriptor(call.task.view, call.integer(0)))


CALLS: dict[str, Handler] = {"chdir": _chdir, "fchdir": _fchdir}
