"""The virtual machine of a target, as Vagrant knows it."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from rpz.unpackers.errors import VagrantError
from rpz.unpackers.vagrant.failures import explained
from rpz.unpackers.vagrant.patience import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vagrant import Vagrant

log = logging.getLogger(__name__)

OTHERS_PLACES = ("VAGRANT_CWD", "VAGRANT_VAGRANTFILE", "VAGRANT_DOTFILE_PATH")
"""Variables that would let Vagrant look for another machine than that of the target."""
NEEDED = {
    "vagrant": "Install it, with VirtualBox or libvirt (on Debian: apt-get install vagrant "
    "vagrant-libvirt libvirt-daemon-system), or unpack with: rpz unpack chroot",
    "ssh": "Install it (on Debian and Ubuntu: apt-get install openssh-client)",
}
"""The programs that are needed, and what to do where they are missing."""
KEPT = 20
"""Lines of what Vagrant said last that are kept for a failure."""
DEFAULT_PROVIDER = "VAGRANT_DEFAULT_PROVIDER"
"""Vagrant's own variable."""


def require_vagrant() -> None:
    """Check that the program is there.

    Raises:
        VagrantError: it isn't.

    """
    for program, remedy in NEEDED.items():
        if shutil.which(program) is None:
            raise VagrantError(f"The program {program} is not installed", remedy)


def default_provider(folder: Path) -> str:
    """Return the provider to use where the user names none: what is installed."""
    if chosen := os.environ.get(DEFAULT_PROVIDER):
        return chosen
    if shutil.which("VBoxManage"):
        return "virtualbox"
    with _vagrant(folder) as vagrant:
        plugins = {plugin.name for plugin in vagrant.plugin_list()}
    return "libvirt" if "vagrant-libvirt" in plugins else "virtualbox"


def up(folder: Path, provider: str | None = None) -> None:
    """Start the machine of a folder's ``Vagrantfile``: make it, boot it, or resume it.

    Raises:
        VagrantError: it doesn't start.
        KeyboardInterrupt: rpz was asked to end; Vagrant has stopped what it did.

    """
    last: collections.deque[str] = collections.deque(maxlen=KEPT)
    with uninterrupted(), _vagrant(folder, last) as vagrant:
        for line in vagrant.up(provider=provider, stream_output=True):
            log.debug("%s", line.rstrip())
            last.append(line)


def exists(folder: Path) -> bool:
    """Whether the machine was made, and not removed since, whatever it does now."""
    with uninterrupted(), _vagrant(folder) as vagrant:
        return any(status.state != vagrant.NOT_CREATED for status in vagrant.status())


def ssh_config(folder: Path, name: str) -> str:
    """Return how the machine is reached: a section of a configuration of OpenSSH."""
    with uninterrupted(), _vagrant(folder) as vagrant:
        return str(vagrant.ssh_config(vm_name=name))


def suspend(folder: Path) -> None:
    """Let the machine rest: it keeps its state, and uses no processor."""
    with uninterrupted(), _vagrant(folder) as vagrant:
        vagrant.suspend()


def destroy(folder: Path) -> None:
    """Remove the machine and its disks."""
    with uninterrupted(), _vagrant(folder) as vagrant:
        vagrant.destroy()


@contextlib.contextmanager
def _vagrant(folder: Path, last: collections.deque[str] | None = None) -> Iterator[Vagrant]:
    """Yield Vagrant for a folder; its failures become sentences."""
    require_vagrant()
    import vagrant

    environ = {key: value for key, value in os.environ.items() if key not in OTHERS_PLACES}
    with tempfile.TemporaryFile("w+", errors="replace") as said:

        @contextlib.contextmanager
        def complaints() -> Iterator[IO[str]]:
            yield said

        try:
            yield vagrant.Vagrant(
                str(folder), env=environ, out_cm=vagrant.devnull_cm, err_cm=complaints
            )
        except subprocess.CalledProcessError as error:
            said.seek(0)
            raise explained(said.read() or "".join(last or ()), error.returncode) from None
