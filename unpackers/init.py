"""The program that starts the runs in a container (``native/init.c``), and what it reads."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.process import installed_program
from rpz.unpackers.words import encoded, environment, program_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Run

PROGRAM = "rpz-init"
MAGIC = b"rpz-run 1"
GREATEST = 1 << 24
"""Bytes that such a program may have; it has less than a tenth of that."""


class NoInitError(RpzError):
    """There is no program to start the runs in a container with."""


def init_program(pack: Pack) -> bytes:
    """Return the program for a pack's architecture: the pack's own, else the installed one.

    Raises:
        NoInitError: there is neither.

    """
    architecture = pack.config.runs[0].architecture
    own = pack.extension(extension_name(architecture))
    if own is not None:
        with own:
            return own.read(GREATEST)
    program = installed_init() if architecture == platform.machine() else None
    if program is None:
        raise NoInitError(
            f"{PROGRAM} for {architecture} is neither in the pack nor installed with rpz",
            "Pack the experiment again with a current rpz, or set RPZ_INIT to the program",
        )
    return program.read_bytes()


def extension_name(architecture: str) -> str:
    """Return the name of the pack's member that holds the program for an architecture."""
    return f"rpz/init-{architecture}"


def installed_init() -> Path | None:
    """Return ``$RPZ_INIT``, or the program that was installed with rpz, if it was."""
    if chosen := os.environ.get("RPZ_INIT"):
        return Path(chosen)
    return installed_program(PROGRAM)


def run_file(run: Run) -> bytes:
    """Return what the program reads in ``/.rpz/runs/N`` (``docs/docker-image.md``)."""
    return _fields(
        [
            MAGIC,
            str(run.uid).encode(),
            str(run.gid).encode(),
            program_path(run),
            run.workingdir.path,
            *_counted([encoded(word) for word in run.argv]),
            *_counted(environment(run)),
        ]
    )


def request_file(words: Sequence[str]) -> bytes:
    """Return what the program reads in ``/.rpz/request``: which runs to perform, or ``hold``."""
    return _fields(_counted([word.encode() for word in words]))


def _counted(texts: Sequence[bytes]) -> list[bytes]:
    return [str(len(texts)).encode(), *texts]


def _fields(texts: Sequence[bytes]) -> bytes:
    return b"".join(text + b"\0" for text in texts)
