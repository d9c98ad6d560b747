"""What a user wants otherwise than it was traced: another environment, another command."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, cast

from rpaths import PosixPath

from rpz.errors import NOT_FOUND
from rpz.unpackers.errors import NoSuchFileInTargetError, NotAFileError, StartError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping, Sequence

    from rpz.packer.config.model import Run
    from rpz.unpackers import Unpacker
    from rpz.unpackers.target import Target

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where programs are looked for in an environment that has no PATH, as shells do."""


@dataclass(frozen=True)
class Variables:
    """Changes of an environment: names with their values, None to leave one out."""

    values: Mapping[str, str | None]

    def applied(self, run: Run) -> Run:
        """Return a run with the changed environment."""
        environ = {**run.environ, **self.values}
        return replace(run, environ={k: v for k, v in environ.items() if v is not None})


def variables(
    settings: Iterable[str],
    passed: Iterable[re.Pattern[str]] = (),
    environ: Mapping[str, str] = os.environ,
) -> Variables:
    """Return the changes that a user asks for.

    ``settings`` are ``NAME=VALUE``, or ``NAME`` to leave one out; of the caller's variables those
    are taken whose whole names match one of ``passed``. Settings win.
    """
    own = {_text(name): _text(value) for name, value in environ.items()}
    values: dict[str, str | None] = {
        name: value
        for name, value in own.items()
        if any(pattern.fullmatch(name) for pattern in passed)
    }
    for setting in settings:
        name, equals, value = setting.partition("=")
        values[name] = value if equals else None
    return Variables(values)


def _text(name: str) -> str:
    """Return this system's text as the experiment's, whatever the locale is."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def other_command(unpacker: Unpacker, target: Target, run: Run, argv: Sequence[str]) -> Run:
    """Return a run that executes another command where, and as whom, ``run`` was.

    Raises:
        StartError: no folder of the experiment's PATH has the program.

    """
    program = argv[0].encode("utf-8", "surrogateescape")
    if b"/" in program:
        binary = PosixPath(run.workingdir, program)
    else:
        found = found_program(unpacker, target, run, program)
        if found is None:
            raise _not_found(argv[0])
        binary = found
    return replace(run, binary=binary, argv=tuple(argv), exitcode=None, signal=None)


def found_program(unpacker: Unpacker, target: Target, run: Run, name: bytes) -> PosixPath | None:
    """Return where a run's PATH has a program of this name, None if nowhere."""
    folders = run.environ.get("PATH", DEFAULT_PATH).encode("utf-8", "surrogateescape").split(b":")
    for folder in folders:
        path = PosixPath(run.workingdir, folder, name)  # an empty one is the working folder
        if is_file(unpacker, target, path):
            return path
    return None


def is_file(unpacker: Unpacker, target: Target, path: PosixPath) -> bool:
    """Whether a target has a regular file at a path."""
    try:
        unpacker.download(target, path, cast("IO[bytes]", _Look()))
    except (NoSuchFileInTargetError, NotAFileError, PermissionError):
        return False
    except _SeenError:
        pass
    return True


class _SeenError(Exception):
    """There is a file."""


class _Look(io.RawIOBase):
    """Takes the beginning of a file for all of it."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        del data
        raise _SeenError


def _not_found(name: str) -> StartError:
    error = StartError(
        f"No folder of the experiment's PATH has the program {name!a}", "Give its whole path"
    )
    error.exit_code = NOT_FOUND
    return error
