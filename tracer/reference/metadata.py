"""Calls that look at a file without opening it, or change what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.tracer.records import Mode
from rpz.tracer.reference.call import Call, Handler, Name
from rpz.tracer.reference.events import Change, Event, Part, Use
from rpz.tracer.reference.resolve import Place, place_of_descriptor

if TYPE_CHECKING:
    from collections.abc import Sequence


def _looking(name: Name) -> Handler:
    def handler(call: Call) -> Sequence[Event]:
        place = name.place(call)
        if place is None:
            return ()
        return (Use(place, Mode.STAT | Mode.LINK if place.is_link else Mode.STAT),)

    return handler


def _changing(name: Name) -> Handler:
    def handler(call: Call) -> Sequence[Event]:
        if name.is_descriptor(call):
            return _change(place_of_descriptor(call.task.view, name.dirfd(call)))
        return _change(name.place(call))

    return handler


def _change(place: Place | None) -> Sequence[Event]:
    if place is None:
        return ()
    use = Use(place, Mode.STAT | Mode.LINK if place.is_link else Mode.STAT)
    return use, Change(place, Part.STATUS)


def _change_open(call: Call) -> Sequence[Event]:
    return _change(place_of_descriptor(call.task.view, call.integer(0)))


def _truncate(call: Call) -> Sequence[Event]:
    place = Name(0).place(call)
    return () if place is None else (Use(place, Mode.WRITE), Change(place, Part.CONTENT))


LOOKING = {
    "stat": Name(0),
    "lstat": Name(0, follow=False),
    "newfstatat": Name(1, folder=0, flags=3),
    "statx": Name(1, folder=0, flags=2),
    "statfs": Name(0),
    "access": Name(0),
    "faccessat": Name(1, folder=0),
    "faccessat2": Name(1, folder=0, flags=3),
    "readlink": Name(0, follow=False),
    "readlinkat": Name(1, folder=0, follow=False),
    "getxattr": Name(0),
    "lgetxattr": Name(0, follow=False),
    "listxattr": Name(0),
    "llistxattr": Name(0, follow=False),
}

CHANGING = {
    "chmod": Name(0),
    "fchmodat": Name(1, folder=0),
    "fchmodat2": Name(1, folder=0, flags=3),
    "chown": Name(0),
    "lchown": Name(0, follow=False),
    "fchownat": Name(1, folder=0, flags=4),
    "utime": Name(0),
    "utimes": Name(0),
    "futimesat": Name(1, folder=0),
    "utimensat": Name(1, folder=0, flags=3),
    "setxattr": Name(0),
    "lsetxattr": Name(0, follow=False),
    "setxattrat": Name(1, folder=0, flags=2),
    "removexattr": Name(0),
    "lremovexattr": Name(0, follow=False),
    "removexattrat": Name(1, folder=0, flags=2),
}

CHANGING_OPEN = ("fchmod", "fchown", "fsetxattr", "fremovexattr")
"""By a descriptor, which may have been opened for reading, when nothing was kept."""

CALLS: dict[str, Handler] = {
    **{call: _looking(name) for call, name in LOOKING.items()},
    **{call: _changing(name) for call, name in CHANGING.items()},
    **dict.fromkeys(CHANGING_OPEN, _change_open),
    "truncate": _truncate,
}
