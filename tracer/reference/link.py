"""Calls that make, move and remove names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.tracer.records import Flag, Mode, RenameKind
from rpz.tracer.reference.call import Call, Handler, Name
from rpz.tracer.reference.events import NO_FLAG, Change, Event, Part, Removal, Renaming, Use
from rpz.tracer.reference.resolve import Place, place_of_descriptor

if TYPE_CHECKING:
    from collections.abc import Sequence

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2


def _moving(old: Place | None, new: Place | None, kind: RenameKind) -> Sequence[Event]:
    if new is None:
        return ()
    if old and _is_same(old, new) and kind is RenameKind.RENAME:  # rename(2) then does nothing
        return (_look(old), _look(new))
    folder = Flag.DIRECTORY if old and old.is_directory else NO_FLAG
    made = Use(new, Mode.WRITE | Mode.LINK, folder)
    if old is None or not old.exists or old.path.startswith(b"/proc/"):
        return (made, Change(new, Part.CONTENT))  # a file without a name (O_TMPFILE) is given one
    moved = (Use(old, Mode.READ | Mode.LINK), made, Renaming(old, new, kind))
    return (*moved, Change(new, Part.NAME)) if kind is RenameKind.RENAME else moved


def _is_same(old: Place, new: Place) -> bool:
    if old.status is None or new.status is None:
        return False
    return os.path.samestat(old.status, new.status)


def _look(place: Place) -> Use:
    return Use(place, Mode.STAT | Mode.LINK if place.is_link else Mode.STAT)


def _rename(old: Name, new: Name, flags: int | None = None) -> Handler:
    def handler(call: Call) -> Sequence[Event]:
        given = 0 if flags is None else call.integer(flags)
        kind = RenameKind.EXCHANGE if given & RENAME_EXCHANGE else RenameKind.RENAME
        source = old.place(call, follow=False)  # the first that is missing is what is missed
        target = new.place(call, follow=False)
        if target and target.exists and given & RENAME_NOREPLACE:
            return ()
        return _moving(source, target, kind)

    return handler


def _link(call: Call) -> Sequence[Event]:
    old, new = Name(0, follow=False), Name(1, follow=False)
    return _moving(old.place(call), new.place(call), RenameKind.HARDLINK)


def _linkat(call: Call) -> Sequence[Event]:
    name = Name(1, folder=0, flags=4, follow=False)
    if name.text(call):
        old = name.place(call)
    else:
        old = place_of_descriptor(call.task.view, name.dirfd(call))
    return _moving(old, Name(3, folder=2).place(call, follow=False), RenameKind.HARDLINK)


def _making(name: Name, mode: Mode, flags: Flag = NO_FLAG) -> Handler:
    def handler(call: Call) -> Sequence[Event]:
        place = name.place(call, follow=False)
        if place is None or place.exists:
            return ()
        return (Use(place, mode, flags), Change(place, Part.CONTENT))

    return handler


def _removing(name: Name) -> Handler:
    def handler(call: Call) -> Sequence[Event]:
        place = name.place(call, follow=False)
        if place is None:
            return ()
        return (Use(place, Mode.STAT | Mode.LINK), Removal(place), Change(place, Part.NAME))

    return handler


CALLS: dict[str, Handler] = {
    "rename": _rename(Name(0), Name(1)),
    "renameat": _rename(Name(1, folder=0), Name(3, folder=2)),
    "renameat2": _rename(Name(1, folder=0), Name(3, folder=2), flags=4),
    "link": _link,
    "linkat": _linkat,
    "symlink": _making(Name(1), Mode.WRITE | Mode.LINK),
    "symlinkat": _making(Name(2, folder=1), Mode.WRITE | Mode.LINK),
    "mkdir": _making(Name(0), Mode.WRITE, Flag.DIRECTORY),
    "mkdirat": _making(Name(1, folder=0), Mode.WRITE, Flag.DIRECTORY),
    "mknod": _making(Name(0), Mode.WRITE),
    "mknodat": _making(Name(1, folder=0), Mode.WRITE),
    "unlink": _removing(Name(0)),
    "unlinkat": _removing(Name(1, folder=0)),
    "rmdir": _removing(Name(0)),
}
