"""open and its family."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.tracer.records import Flag, Mode
from rpz.tracer.reference.call import Call, Handler, Name
from rpz.tracer.reference.events import NO_FLAG, Change, Event, Listing, Part, Use
from rpz.tracer.reference.listing import is_listed
from rpz.tracer.reference.served import WATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.tracer.reference.resolve import Place

RESOLVE_IN_ROOT = 0x10
ACCESS_MODES = {
    os.O_RDONLY: Mode.READ,
    os.O_WRONLY: Mode.WRITE,
    os.O_RDWR: Mode.READ | Mode.WRITE,
}


def _opening(call: Call, name: Name, flags: int, *, beneath: bool = False) -> Sequence[Event]:
    exclusive = flags & os.O_CREAT and flags & os.O_EXCL
    follow = not (flags & os.O_NOFOLLOW or exclusive)
    place = name.place(call, follow=follow, beneath=beneath)
    if place is None:
        return ()
    if place.status:
        WATCH.note_open(place.status)
    replaced = flags & os.O_TRUNC and flags & os.O_CREAT and place.exists
    mode = _mode(place, flags)
    use = Use(place, mode, Flag.TRUNCATED if replaced else NO_FLAG)
    if mode is Mode.READ and place.is_directory and is_listed(place.path):
        return (use, Listing(place))
    fails = exclusive and place.exists
    if not fails and (mode & Mode.WRITE or (mode is Mode.READ and flags & os.O_TRUNC)):
        return (use, Change(place, Part.CONTENT))
    return (use,)


def _mode(place: Place, flags: int) -> Mode:
    if flags & os.O_PATH:
        return Mode.STAT | Mode.LINK if place.is_link else Mode.STAT
    if flags & os.O_TMPFILE == os.O_TMPFILE:
        return Mode.STAT  # the name is the folder's; the file has none
    if flags & os.O_CREAT and not place.exists:
        return Mode.WRITE
    return ACCESS_MODES.get(flags & os.O_ACCMODE, Mode.STAT)


def _open(name: Name, flags: int) -> Handler:
    return lambda call: _opening(call, name, call.integer(flags))


def _creat(call: Call) -> Sequence[Event]:
    return _opening(call, Name(0), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def _openat2(call: Call) -> Sequence[Event]:
    how = call.arguments[2]  # struct open_how: flags, mode, resolve
    flags, resolve = call.task.read_number(how), call.task.read_number(how + 16)
    beneath = bool(resolve & RESOLVE_IN_ROOT)
    return _opening(call, Name(1, folder=0), flags, beneath=beneath)


CALLS: dict[str, Handler] = {
    "open": _open(Name(0), flags=1),
    "openat": _open(Name(1, folder=0), flags=2),
    "openat2": _openat2,
    "creat": _creat,
}
