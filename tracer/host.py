"""The facts of the machine that a run is traced on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

import distro
import psutil


@dataclass(frozen=True)
class Host:
    """A machine and the user on it; ``memory`` is in bytes."""

    uid: int
    gid: int
    architecture: str
    distribution: str
    distribution_version: str
    hostname: str
    system: str
    kernel: str
    processors: int | None
    memory: int | None


def this_host() -> Host:
    """Return the facts of this machine."""
    return Host(
        uid=os.getuid(),
        gid=os.getgid(),
        architecture=platform.machine(),
        distribution=distro.id(),
        distribution_version=distro.version(),
        hostname=platform.node(),
        system=platform.system(),
        kernel=platform.release(),
        processors=psutil.cpu_count(),
        memory=psutil.virtual_memory().total,
    )
