"""What Vagrant says when it fails, as sentences with a way out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rpz.unpackers.errors import VagrantError, readable


@dataclass(frozen=True)
class Known:
    """A failure by what Vagrant says, which may be broken into lines anywhere."""

    pattern: str
    message: str
    remedy: str


KNOWN = (
    Known(
        r"provider '(\S+)' could not be found",
        "Vagrant has no provider {0}",
        "Install it (vagrant plugin install vagrant-{0}), or choose another: --provider NAME",
    ),
    Known(
        r"provider '(\S+)' that was requested .* isn't usable on this system",
        "The provider {0} doesn't work on this machine",
        "Install it, or choose another: --provider NAME",
    ),
    Known(
        r"box '(\S+)' could not be found",
        "The box {0} isn't in Vagrant's catalogue, or that can't be reached",
        "Choose another: --box NAME; vagrant box add gets one that you have as a file",
    ),
    Known(
        r"box you're attempting to add doesn't support the provider .* requested",
        "This box isn't made for this provider",
        "Choose another: --box NAME, or --provider NAME",
    ),
    Known(
        r"Timed out while waiting for the machine to boot",
        "The virtual machine didn't boot in time",
        "Give it more --memory, or more time (config.vm.boot_timeout in ~/.vagrant.d/Vagrantfile)",
    ),
    Known(
        r"(Error while connecting to Libvirt|Failed to connect socket to '\S*libvirt\S*')",
        "Vagrant can't reach libvirt",
        "Start it (systemctl start libvirtd), and have the user added to the group libvirt",
    ),
)
WORDS = 300
"""Characters of Vagrant's own words that a message has at the most."""


def explained(said: str, status: int) -> VagrantError:
    """Return the error for what Vagrant said before it ended with a status that isn't 0."""
    text = " ".join(said.split())
    for known in KNOWN:
        if found := re.search(known.pattern, text):
            words = [readable(group.encode()) for group in found.groups()]
            return VagrantError(known.message.format(*words), known.remedy.format(*words))
    ending = readable(text[-WORDS:].encode()).rstrip(".") or f"exit status {status}"
    return VagrantError(f"Vagrant failed: {ending}", "With -v, rpz shows all that Vagrant says")
