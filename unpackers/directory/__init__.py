"""A folder with the experiment's files, run as programs of yours, without any isolation (Linux)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from rpz.errors import OWN_FAILURE
from rpz.process import run_in_foreground
from rpz.unpackers import chroot
from rpz.unpackers.chroot import ROOT, changes, destroy, download, upload
from rpz.unpackers.directory import doubts, translate
from rpz.unpackers.directory.launch import ROOT as OF_ROOT
from rpz.unpackers.directory.launch import Launch, launch
from rpz.unpackers.directory.links import contain
from rpz.unpackers.directory.place import Root
from rpz.unpackers.directory.wrappers import make_wrappers
from rpz.unpackers.errors import StartError, TargetError, readable
from rpz.unpackers.namespaces import die_with_parent
from rpz.unpackers.program import execute_error
from rpz.unpackers.withheld import supplied
from rpz.unpackers.words import encoded, program_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Run
    from rpz.unpackers.choices import Choice, Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

__all__ = ["CHOICES", "NAME", "changes", "destroy", "download", "reset", "run", "unpack", "upload"]

log = logging.getLogger(__name__)

NAME = "directory"
CHOICES: Sequence[Choice] = ()


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:  # noqa: ARG001 (it has none)
    """Extract the files into ``folder/root``, with links that lead to one another only there."""
    made = chroot.make(pack, folder, NAME, _prepare, _complete)
    log.warning(
        "Runs in %s aren't isolated: they can read and write %s, and a path that is "
        "written in a program or a file is this machine's, not the pack's.",
        folder,
        "all files, as you are root" if os.geteuid() == 0 else "your files",
    )
    root = Root(folder / ROOT)
    doubts.tell_of_loader(root, _launch(made.runs[0], root))
    return made


def _prepare(pack: Pack, root: Path) -> None:  # noqa: ARG001 (a step is given it)
    contain(root)


def _complete(pack: Pack, building: Path) -> None:
    make_wrappers(Root(building / ROOT), building, pack.config.runs)


def run(target: Target, job: Job) -> int:
    """Run it as a program of this machine, loaded by the packed loader."""
    root = Root(chroot.root_of(target))
    if b":" in root.name:
        raise TargetError(
            f"{target.folder} can't be run there: lists of folders are separated by colons",
            "Move it to a folder without a colon in its path",
        )
    run = supplied(job.run)
    doubts.tell_of_loader(root, _launch(run, root))
    doubts.tell_of_arguments(run, root)
    since = time.time_ns()
    status = run_in_foreground(lambda: _start(run, root, target, job.streams))
    doubts.tell_of_outputs(target, job.index, root, since)
    return status


def _start(run: Run, root: Root, target: Target, streams: Sequence[int]) -> subprocess.Popen[bytes]:
    start = _launch(run, root)
    folder = root.here(run.workingdir.path)
    if not os.path.isdir(folder):
        raise _failed(StartError(f"The working folder {readable(run.workingdir.path)} is gone"))
    stdin, stdout, stderr = streams or (None, None, None)
    parent = os.getpid()
    try:
        return subprocess.Popen(
            _argv(run, root, start),
            executable=start.words()[0].replace(OF_ROOT, root.name),
            cwd=folder,
            env=translate.environment(run, root, target.folder, start),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            close_fds=False,
            preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509 (rpz has one thread)
        )
    except OSError as error:
        raise execute_error(run, error.errno or 0) from None


def _failed(error: StartError) -> StartError:
    error.exit_code = OWN_FAILURE
    return error


def _end_with(parent: int) -> None:
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _launch(run: Run, root: Root) -> Launch:
    spelt = program_path(run)
    relative = b"" if spelt.startswith(b"/") else spelt
    return launch(root, run.binary.path, run.environ, relative)


def _argv(run: Run, root: Root, start: Launch) -> list[bytes]:
    """Return all arguments; a program that the kernel loads has exactly the recorded name."""
    first = encoded(run.argv[0]) if run.argv else b""
    arguments = [translate.argument(encoded(word), root) for word in run.argv[1:]]
    if start.is_plain:
        return [first, *arguments] if run.argv else []
    return [word.replace(OF_ROOT, root.name) for word in start.named(first)] + arguments


def reset(target: Target) -> None:
    """Unpack the files again and put them into the old ones' place."""
    chroot.reset(target, _prepare)
