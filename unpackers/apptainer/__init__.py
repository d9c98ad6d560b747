"""A sandbox folder and a definition file for Apptainer, and an image where it is installed."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.errors import CommandFailedError, MissingProgramError
from rpz.process import run_in_foreground
from rpz.unpackers import chroot
from rpz.unpackers.apptainer import engine
from rpz.unpackers.apptainer.definition import FILE, IMAGE, definition
from rpz.unpackers.choices import Choice, Takes
from rpz.unpackers.chroot import ROOT, changes, destroy, download, upload
from rpz.unpackers.errors import HostileArchiveError, SandboxError
from rpz.unpackers.init import init_program, run_file
from rpz.unpackers.withheld import supplied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

__all__ = ["CHOICES", "NAME", "changes", "destroy", "download", "reset", "run", "unpack", "upload"]

log = logging.getLogger(__name__)

NAME = "apptainer"
NO_IMAGE = "sandbox"
CHOICES: Sequence[Choice] = (
    Choice(NO_IMAGE, f"Make no {IMAGE}, though apptainer is installed.", Takes.NOTHING),
)
OWN = ".rpz"
"""The folder, in the sandbox, of what performs the runs."""


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:
    """Make the sandbox and the definition file, and the image if that is possible."""
    made = chroot.make(pack, folder, NAME, _prepare, _complete)
    program = None if choices.get(NO_IMAGE) else engine.installed()
    if program is not None:
        _build(program, folder)
    else:
        log.info("In %s: apptainer build %s %s", folder, IMAGE, FILE)
    return made


def _build(program: str, folder: Path) -> None:
    try:
        engine.build(program, folder)
    except (CommandFailedError, MissingProgramError) as error:  # the sandbox is of use all the same
        log.warning("%s was not made: %s", folder / IMAGE, error)


def _prepare(pack: Pack, root: Path) -> None:
    """Put in what performs the runs, where there is no rpz: rpz-init and what it reads."""
    own = root / OWN
    try:
        own.mkdir(0o755)
    except FileExistsError:
        raise HostileArchiveError("/.rpz in the pack is where rpz has its own files") from None
    (own / "runs").mkdir(0o755)
    for folder in (own, own / "runs"):
        folder.chmod(0o755)  # whatever the umask is
    (own / "init").write_bytes(init_program(pack))
    (own / "init").chmod(0o755)
    for index, run in enumerate(pack.config.runs):
        (own / "runs" / str(index)).write_bytes(run_file(run))


def _complete(pack: Pack, building: Path) -> None:
    (building / FILE).write_text(definition(pack.config, ROOT), "ascii")


def reset(target: Target) -> None:
    """Unpack the files again and put them into the old ones' place; the image stays."""
    chroot.reset(target, _prepare)


def run(target: Target, job: Job) -> int:
    """Run it in the sandbox as in a chroot, or by apptainer where only that may isolate."""
    job = replace(job, run=supplied(job.run))
    try:
        return chroot.isolated(target, job)
    except SandboxError:
        program = engine.installed()
        if program is None:
            raise
    root = chroot.root_of(target)
    place = PosixPath(f"/{OWN}/runs/{job.index}".encode())
    chroot.upload(target, place, io.BytesIO(run_file(job.run)), may_be_new=True)
    argv = engine.command(program, root, job.index, network=job.network)
    return run_in_foreground(lambda: engine.start(argv, job.streams))
