"""How a distribution installs packages and tells their versions: rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Installer:
    """Programs of a distribution, each as a list of words.

    ``query`` prints a line ``NAME TAB VERSION`` for each package of those named that is installed;
    ``update`` asks for what there is to install.
    """

    query: Sequence[str]
    update: Sequence[str]
    install: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


DPKG = Installer(
    query=("dpkg-query", "--show", "--showformat", "${Package}\t${Version}\n"),
    update=("apt-get", "update"),
    install=("apt-get", "install", "--yes", "--no-install-recommends"),
    environment={"DEBIAN_FRONTEND": "noninteractive"},
)
RPM = Installer(
    query=("rpm", "--query", "--queryformat", "%{NAME}\t%{VERSION}-%{RELEASE}\n"),
    update=("true",),
    install=("dnf", "install", "--assumeyes", "--setopt=install_weak_deps=False"),
)
INSTALLERS = {
    "debian": (DPKG, "debian:{major}"),
    "ubuntu": (DPKG, "ubuntu:{version}"),
    "fedora": (RPM, "fedora:{major}"),
    "rocky": (RPM, "rockylinux:{major}"),
    "almalinux": (RPM, "almalinux:{major}"),
    "centos": (RPM, "quay.io/centos/centos:stream{major}"),
}
"""By distribution: the programs, and the image that ``--base auto`` takes."""


def base_image(distribution: str, version: str) -> str | None:
    """Return the name of a distribution's own image; None: none is known."""
    if distribution.lower() not in INSTALLERS or not version:
        return None
    _, name = INSTALLERS[distribution.lower()]
    return name.format(version=version, major=version.partition(".")[0])


def installer(distribution: str) -> Installer | None:
    """Return a distribution's programs; None: they aren't known."""
    row = INSTALLERS.get(distribution.lower())
    return row[0] if row else None


def plain_name(name: str) -> str:
    """Return a package's name without its architecture (``libc6:amd64``)."""
    return name.partition(":")[0]
