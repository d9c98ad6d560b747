"""The shell of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.unpackers.adjust import is_file, other_command
from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from rpz.packer.config.model import Run
    from rpz.unpackers import Unpacker
    from rpz.unpackers.target import Target

SHELLS = (
    ("/bin/bash",),
    ("/usr/bin/bash",),
    ("/bin/sh",),
    ("/usr/bin/sh",),
    ("/bin/dash",),
    ("/bin/busybox", "sh"),
    ("/usr/bin/busybox", "sh"),
)
"""Programs, with their arguments, the most comfortable first."""


def shell(unpacker: Unpacker, target: Target, run: Run) -> Run:
    """Return a run that is a shell where, and as whom, ``run`` was.

    Raises:
        TargetError: the experiment has none.

    """
    for argv in SHELLS:
        if is_file(unpacker, target, PosixPath(argv[0].encode())):
            return other_command(unpacker, target, run, argv)
    raise TargetError(
        f"The experiment in {target.folder} has no shell: none was packed",
        f"Run a program that it has: rpz run {target.folder} -- PROGRAM; or add /bin/bash or"
        " /bin/sh to other_files in config.yml and pack it again",
    )
