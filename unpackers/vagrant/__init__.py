"""A virtual machine of Vagrant's."""

from __future__ import annotations

import logging
import secrets
from typing import IO, TYPE_CHECKING

from rpz.unpackers import draft, origin, target
from rpz.unpackers.choices import Choice, Takes
from rpz.unpackers.errors import VagrantError
from rpz.unpackers.init import init_program
from rpz.unpackers.members import checked
from rpz.unpackers.remove import remove_tree
from rpz.unpackers.vagrant import boxes, machine, reach, session, stream, vagrantfile
from rpz.unpackers.vagrant.guest import OWN_ROOT, ROOT, Guest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rpaths import PosixPath

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

NAME = "vagrant"
CHOICES: Sequence[Choice] = (
    Choice("box", "Make the machine of this box.", metavar="NAME"),
    Choice("provider", "What runs the machine: virtualbox, libvirt or another.", metavar="NAME"),
    Choice("memory", "The machine's memory.", metavar="MB"),
    Choice("cpus", "The machine's processors.", metavar="NUMBER"),
    Choice(
        "no-chroot",
        "Put the files among the machine's own, which stay as they are.",
        Takes.NOTHING,
    ),
)


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:
    """Make a virtual machine, start it, and send the files to it."""
    machine.require_vagrant()
    with draft.building(folder, _remove_machine) as building:
        wanted = _wanted(pack, building, choices)
        root = OWN_ROOT if "no-chroot" in choices else ROOT
        data = {reach.MACHINE: wanted.name, reach.PROVIDER: wanted.provider, reach.ROOT: root}
        made = target.new_target(folder, NAME, pack, data)
        (building / vagrantfile.NAME).write_text(vagrantfile.text(wanted))
        log.info(
            "Starting a virtual machine (%s, %s): a box that is new here is downloaded first",
            wanted.box,
            wanted.provider,
        )
        _make(pack, made, building)
        reach.move(building, folder)
        target.write(made, building)
        draft.open_to_all(building)
    return made


def _wanted(pack: Pack, folder: Path, choices: Choices) -> vagrantfile.Machine:
    """Return the machine that the user asked for, or that fits the pack."""
    provider = str(choices.get("provider") or machine.default_provider(folder))
    return vagrantfile.Machine(
        name=f"rpz-{secrets.token_hex(4)}",
        box=str(choices.get("box") or _box(pack, provider, direct="no-chroot" in choices)),
        provider=provider,
        memory=_number(choices, "memory"),
        cpus=_number(choices, "cpus"),
    )


def _box(pack: Pack, provider: str, *, direct: bool) -> str:
    run = pack.config.runs[0]
    choice = boxes.choose(run.distribution, run.architecture, provider)
    if direct and not choice.exact:
        raise VagrantError(
            f"No box of {' '.join(run.distribution)} is known to rpz",
            "Name one (--box NAME), or leave out --no-chroot",
        )
    return choice.box


def _number(choices: Choices, name: str) -> int | None:
    text = choices.get(name)
    if text is None:
        return None
    if not str(text).isdecimal() or not int(str(text)):
        raise VagrantError(f"--{name} {text} is no number", f"For instance: --{name} 2")
    return int(str(text))


def _make(pack: Pack, made: Target, folder: Path) -> None:
    """Make the machine and fill it; ``folder`` is where the target is for now."""
    machine.up(folder, made.data[reach.PROVIDER])
    reach.learn_address(made, folder)
    with reach.connected(made, folder, reach.BOOTED) as guest:
        guest.install()
        _send(pack, guest)


def _send(pack: Pack, guest: Guest) -> None:
    with pack.data() as archive:
        guest.unpack(stream.archive(checked(archive), init_program(pack)))


def _remove_machine(folder: Path) -> None:
    """Remove the machine of a target that isn't to be."""
    if not (folder / ".vagrant").exists():
        return
    try:
        machine.destroy(folder)
    except VagrantError as error:
        log.warning("A virtual machine may be left (vagrant global-status): %s", error)


def run(target: Target, job: Job) -> int:
    """Perform a run in the machine, which is started or resumed first."""
    with reach.reached(target) as guest:
        return session.perform(guest, job)


def reset(target: Target) -> None:
    """Send the files again; where the machine is gone, or they are among its own, to a new one."""
    own = target.data[reach.ROOT] == OWN_ROOT
    with origin.opened(target) as pack:
        if own or not machine.exists(target.folder):
            machine.destroy(target.folder)
            reach.forget(target.folder)
            _make(pack, target, target.folder)
            return
        with reach.reached(target) as guest:
            guest.install()
            _send(pack, guest)


def changes(target: Target) -> Iterator[bytes]:
    """Ask the machine what was changed after the files were sent."""
    with reach.reached(target) as guest:
        yield from guest.changes()


def upload(target: Target, path: PosixPath, source: IO[bytes], *, may_be_new: bool) -> None:
    """Put a file into the place of another, with its owner and mode; all of it or nothing."""
    first = target.runs[0]
    with reach.reached(target) as guest:
        guest.write(path, source, f"{first.uid}:{first.gid}" if may_be_new else "-")


def download(target: Target, path: PosixPath, out: IO[bytes]) -> None:
    """Copy a file out of the machine, following links as the experiment would."""
    with reach.reached(target) as guest:
        guest.read(path, out)


def suspend(target: Target) -> None:
    """Let the machine rest."""
    reach.require_machine(target)
    machine.suspend(target.folder)


def resume(target: Target) -> None:
    """Start or resume the machine."""
    reach.started(target)


def destroy(target: Target) -> None:
    """Remove the machine, and the folder.

    Raises:
        VagrantError: the folder is gone already, and with it what Vagrant knows of the machine.

    """
    if not target.folder.exists():
        raise VagrantError(
            f"{target.folder} is gone: Vagrant knows no more of {target.data[reach.MACHINE]}",
            f"Remove the machine with the tools of {target.data[reach.PROVIDER]}",
        )
    machine.destroy(target.folder)
    remove_tree(target.folder)
