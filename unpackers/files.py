"""Files that go into a target and come out of it, by the names that a user knows."""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rpaths import PosixPath

from rpz.errors import first_of
from rpz.packer.archive.room import NO_ROOM
from rpz.packer.atomic import replaced_file
from rpz.unpackers.errors import NoSuchFileInTargetError, NotAFileError, TargetError, readable
from rpz.unpackers.members import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rpz.packer.config.model import InputOutput
    from rpz.unpackers import Unpacker
    from rpz.unpackers.target import Target


@dataclass(frozen=True)
class Transfer:
    """A name in the target, and a file outside; an empty one is standard output."""

    name: str
    file: str


def parse(target: Target, text: str, sign: str = ":") -> Transfer:
    """Split ``NAME:FILE``; ``NAME`` alone means a file of that name in the current folder.

    The split is at the first colon (or other sign), unless a longer name of the target fits.
    """
    known = {file.name for file in target.inputs_outputs}
    if text in known or sign not in text:
        return Transfer(text, posixpath.basename(text))
    colons = [place for place, letter in enumerate(text) if letter == sign]
    place = next((place for place in reversed(colons) if text[:place] in known), colons[0])
    return Transfer(text[:place], text[place + 1 :])


def download_all(unpacker: Unpacker, target: Target) -> list[Transfer]:
    """Copy every output into the current folder, or below it; return what was copied."""
    transfers = [
        Transfer(file.name, _relative(file.name, target))
        for file in target.inputs_outputs
        if file.written_by_runs
    ]
    failure: NoSuchFileInTargetError | NotAFileError | None = None
    for wanted in transfers:
        Path(wanted.file).parent.mkdir(parents=True, exist_ok=True)
        try:
            download(unpacker, target, wanted)
        except (NoSuchFileInTargetError, NotAFileError) as error:  # take the others first
            failure = failure or error
    if failure is not None:
        raise failure
    return transfers


def _relative(name: str, target: Target) -> str:
    """Return a name that comes from a pack, if it leads nowhere but down."""
    if {"", ".."} & set(name.split("/")):
        raise TargetError(
            f"The output {readable(os.fsencode(name))} can't be put into the current folder",
            f"Choose a place: rpz download {target.folder} NAME:FILE",
        )
    return name


def download(unpacker: Unpacker, target: Target, wanted: Transfer) -> None:
    """Copy a file out of a target; the file outside is complete or unchanged.

    Raises:
        TargetError: there is no such file, or nothing has that name.

    """
    if not wanted.file:
        fetch(unpacker, target, wanted, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with _replacing(_place(wanted)) as out:
        fetch(unpacker, target, wanted, out)


def fetch(unpacker: Unpacker, target: Target, wanted: Transfer, out: IO[bytes]) -> None:
    """Write what a target's file contains to ``out``."""
    _with_path(target, wanted, lambda path: unpacker.download(target, path, out))


def _place(wanted: Transfer) -> Path:
    place = Path(wanted.file)
    return place / posixpath.basename(wanted.name) if place.is_dir() else place


def upload(unpacker: Unpacker, target: Target, wanted: Transfer) -> None:
    """Copy a file into a target, with the owner and mode of the file that it replaces.

    Raises:
        TargetError: there is no such file, or nothing has that name.

    """
    if not os.path.lexists(wanted.file) and _is_swapped(target, wanted):
        raise _unknown(target, wanted)
    with _regular(Path(wanted.file)) as source:
        put(unpacker, target, wanted, source)


def put(unpacker: Unpacker, target: Target, wanted: Transfer, source: IO[bytes]) -> None:
    """Replace what a target's file contains with that of an open regular file."""
    new = _known(target, wanted.name) is not None or wanted.name.startswith("/")
    _with_path(target, wanted, lambda path: unpacker.upload(target, path, source, may_be_new=new))


def _with_path(target: Target, wanted: Transfer, action: Callable[[PosixPath], None]) -> None:
    """Do something with the first of the paths that a name may stand for."""
    for path in _paths(target, wanted.name):
        try:
            return action(path)
        except NoSuchFileInTargetError as error:  # noqa: PERF203 (two or three at the most)
            failure = error
    known = _known(target, wanted.name)
    if known is not None and known.written_by_runs:
        failure.remedy = f"Make it first: rpz run {target.folder}"
    elif known is None and not wanted.name.startswith("/"):
        failure = _unknown(target, wanted)
    raise failure


def _paths(target: Target, name: str) -> list[PosixPath]:
    """Return where the file may be: a name is relative to the folder of one of the runs."""
    known = _known(target, name)
    if known is not None:
        return [known.path]
    return [PosixPath(folder, os.fsencode(name)) for folder in _folders(target)]


def _folders(target: Target) -> list[bytes]:
    return list(dict.fromkeys(run.workingdir.path for run in target.runs)) or [b"/"]


def _known(target: Target, name: str) -> InputOutput | None:
    return next((file for file in target.inputs_outputs if file.name == name), None)


def _is_swapped(target: Target, wanted: Transfer) -> bool:
    return _known(target, wanted.name) is None and _known(target, wanted.file) is not None


SHOWN = 10
"""Names, at most, in a message."""


def listed(names: list[str], like: str) -> str:
    """Return names for a message; of many first those that are like another."""
    near = get_close_matches(like, names, SHOWN) if len(names) > SHOWN else []
    ordered = [*near, *(name for name in names if name not in near)]
    return first_of([readable(os.fsencode(name)) for name in ordered], SHOWN)


def _unknown(target: Target, wanted: Transfer) -> NoSuchFileInTargetError:
    path = PosixPath(os.fsencode(wanted.name))
    if _is_swapped(target, wanted):
        remedy = f"The name in the target comes first: {wanted.file}:{wanted.name}"
    else:
        names = [file.name for file in target.inputs_outputs]
        remedy = f"Its inputs and outputs are: {listed(names, wanted.name) or 'none'}"
    return NoSuchFileInTargetError(path, remedy=remedy)


@contextlib.contextmanager
def _regular(place: Path) -> Iterator[IO[bytes]]:
    """Open a file; what can't be measured (a pipe) is copied to a temporary file first."""
    with place.open("rb") as source:
        if stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            yield source
            return
        with tempfile.TemporaryFile() as spool:
            shutil.copyfileobj(source, spool, BLOCK)
            spool.seek(0)
            yield spool


@contextlib.contextmanager
def _replacing(place: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of another when all went well."""
    place = place.resolve()
    if place.exists() and not place.is_file():  # /dev/stdout, a named pipe
        with place.open("wb") as out:
            yield out
        return
    if not place.parent.is_dir():
        raise TargetError(f"The folder {place.parent} doesn't exist", "Make it first")
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
    try:
        with replaced_file(place) as out:
            yield out
            if mode is not None:
                os.fchmod(out.fileno(), mode)
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            error.filename = os.fspath(place)
        raise
