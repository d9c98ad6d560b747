"""The facts of the machine that a run is traced on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache

import distro


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


@cache
def this_host() -> Host:
    """Return the facts of this machine."""
    return Host(
        uid=os.getuid(),
        gid=os.getgid(),
        architecture=platform.machine(),
        distribution=distro.id(),
        # Where that file doesn't say it, distro asks two programs
        distribution_version=distro.os_release_attr("version_id") or distro.version(),
        hostname=platform.node(),
        system=platform.system(),
        kernel=platform.release(),
        processors=os.cpu_count(),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    )
