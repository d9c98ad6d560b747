"""The target's ``Vagrantfile``: what Vagrant makes the machine of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A virtual machine to make; ``memory`` in MB and ``cpus`` are the box's if None."""

    name: str
    box: str
    provider: str
    memory: int | None = None
    cpus: int | None = None


NAME = "Vagrantfile"
NAMED = {"libvirt": ("default_prefix = ''",)}
"""What lets a provider name the machine as we do, not after the folder, which is moved."""
HEAD = """\
# The virtual machine of an experiment that rpz has unpacked. What isn't said here is the box's,
# or what your own ~/.vagrant.d/Vagrantfile says.
"""


def text(machine: Machine) -> str:
    """Return the file's content."""
    lines = [
        'Vagrant.configure("2") do |config|',
        f"  config.vm.box = {quoted(machine.box)}",
        '  config.vm.synced_folder ".", "/vagrant", disabled: true',
        f"  config.vm.define {quoted(machine.name)}",
        *_provider(machine),
        "end",
    ]
    return HEAD + "".join(f"{line}\n" for line in lines)


def _provider(machine: Machine) -> list[str]:
    given = {"memory": machine.memory, "cpus": machine.cpus}
    options = [
        f"    provider.{name} = {value}" for name, value in given.items() if value is not None
    ]
    options += [f"    provider.{line}" for line in NAMED.get(machine.provider, ())]
    if not options:
        return []
    return [f"  config.vm.provider {quoted(machine.provider)} do |provider|", *options, "  end"]


def quoted(value: str) -> str:
    """Return a text as Ruby writes one that means nothing but itself."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
