"""execve and execveat."""

# ruff: noqa: PTH115, PTH118 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.records import Mode
from rpz.tracer.reference.call import Call, Handler, Name
from rpz.tracer.reference.events import NO_FLAG, Doubt, Event, Use
from rpz.tracer.reference.image import images
from rpz.tracer.reference.resolve import Place, place_of_descriptor, resolve
from rpz.tracer.reference.view import AT_FDCWD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.tracer.reference.recorder import Recorder
    from rpz.tracer.reference.task import Task

_PRIVILEGES = (
    "The run executed a set-user-id or set-group-id program, which gains nothing when it is traced"
)
_UNREADABLE = (
    "The run executed a program that may not be read; the files that it used are not in the trace"
)


@dataclass(frozen=True)
class _Execution:
    """A program is replaced: ``program`` is the path that was asked for."""

    program: bytes
    workingdir: bytes
    argv: Sequence[bytes]
    environment: Sequence[bytes]

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream."""
        recorder.execution(task.number, self.program, self.workingdir, self.argv, self.environment)


@dataclass(frozen=True)
class _Running:
    """What runs now, where neither ``#!`` nor an ELF header names it: binfmt_misc does."""

    loaded: frozenset[bytes]

    def record(self, recorder: Recorder, task: Task) -> None:
        """Write it to the stream, unless it is known."""
        with contextlib.suppress(OSError):
            path = os.readlink(b"/proc/%d/exe" % task.tid)
            place = resolve(task.view, path, AT_FDCWD, follow=False)
            if place is not None and path not in self.loaded:
                for image in images(task.view, place):
                    recorder.use(task.number, image, Mode.READ, NO_FLAG)


def _executing(call: Call, name: Name, argv: int, environment: int) -> Sequence[Event]:
    view, task = call.task.view, call.task
    workingdir = view.folder(AT_FDCWD) or os.readlink(b"/proc/%d/cwd" % view.tid)
    text, dirfd = name.text(call), name.dirfd(call)
    if text:
        place = name.place(call)
        program = os.path.join(view.folder(dirfd) or workingdir, text)
    else:  # AT_EMPTY_PATH: the descriptor is the program's
        place = place_of_descriptor(view, dirfd)
        program = place.path if place else b"/dev/fd/%d" % dirfd
    event = _Execution(
        program,
        workingdir,
        task.read_strings(call.arguments[argv]),
        task.read_strings(call.arguments[environment]),
    )
    loaded = list(images(view, place)) if place else []
    running = _Running(frozenset(image.path for image in loaded))
    uses = (Use(image, Mode.READ) for image in loaded)
    return (event, *uses, running, *_doubts(loaded))


def _doubts(loaded: Sequence[Place]) -> Iterator[Doubt]:
    """Say what of a program is not seen without the rights that it, or root, has."""
    if os.geteuid() == 0:
        return
    for image in loaded:
        if not os.access(image.path, os.R_OK):
            yield Doubt(_UNREADABLE)
    if loaded and loaded[0].status and loaded[0].status.st_mode & (stat.S_ISUID | stat.S_ISGID):
        yield Doubt(_PRIVILEGES)


def _execve(call: Call) -> Sequence[Event]:
    return _executing(call, Name(0), argv=1, environment=2)


def _execveat(call: Call) -> Sequence[Event]:
    return _executing(call, Name(1, folder=0, flags=4), argv=2, environment=3)


CALLS: dict[str, Handler] = {"execve": _execve, "execveat": _execveat}
