"""The way to a target's virtual machine: connecting, and starting it where it rests."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from rpz.packer.atomic import replaced_file
from rpz.unpackers.errors import TargetError
from rpz.unpackers.vagrant import machine, ssh
from rpz.unpackers.vagrant.guest import Guest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

MACHINE, PROVIDER, ROOT = "machine", "provider", "root"
"""What a target's data tell: the machine's name in Vagrant, who runs it, where the files are."""
RUNNING = 10
BOOTED = 120
"""Seconds in which a machine answers that should be running, and one that was just started."""


@contextlib.contextmanager
def reached(target: Target) -> Iterator[Guest]:
    """Connect to a target's machine; start or resume it first if it doesn't answer.

    Raises:
        TargetError: the machine is gone.
        VagrantError: it doesn't start, or doesn't answer then.

    """
    with contextlib.ExitStack() as stack:
        try:
            guest = stack.enter_context(connected(target, target.folder, RUNNING))
        except (ssh.UnreachableError, FileNotFoundError):
            started(target)
            guest = stack.enter_context(connected(target, target.folder, BOOTED))
        yield guest


@contextlib.contextmanager
def connected(target: Target, folder: Path, patience: int) -> Iterator[Guest]:
    """Connect to the machine, which runs, of a target that is in ``folder`` for now."""
    with ssh.connected(folder, target.data[MACHINE], patience) as connection:
        yield Guest(connection, target.data[ROOT])


def started(target: Target) -> None:
    """Start or resume the machine of a target, and learn where it is now.

    Raises:
        TargetError: it is gone.
        VagrantError: it doesn't start.

    """
    require_machine(target)
    log.info("Starting the virtual machine of %s", target.folder)
    machine.up(target.folder, target.data[PROVIDER])
    learn_address(target, target.folder)


def require_machine(target: Target) -> None:
    """Check that the machine wasn't removed: starting it would make another, without the files.

    Raises:
        TargetError: it was.

    """
    if not machine.exists(target.folder):
        raise TargetError(
            f"The virtual machine of {target.folder} is gone",
            f"Make a new one: rpz reset {target.folder}",
        )


def learn_address(target: Target, folder: Path) -> None:
    """Write down how the machine is reached that Vagrant has in ``folder``."""
    text = machine.ssh_config(folder, target.data[MACHINE])
    with replaced_file(folder / ssh.CONFIG) as file:
        file.write(text.encode())


def forget(folder: Path) -> None:
    """Forget the key by which the machine is known: there will be another."""
    (folder / ssh.KNOWN_HOSTS).unlink(missing_ok=True)


def move(old: Path, new: Path) -> None:
    """Let what was written down in ``old`` be right when that is called ``new``."""
    config = old / ssh.CONFIG
    text = config.read_text().replace(str(old.absolute()), str(new.absolute()))
    config.write_text(text)
