"""The packages of a pack beside those of this machine, and how missing ones are installed."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.process import output_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rpz.packer.config.model import Config, Package

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:@-]{0,200}(?<!-)", re.ASCII)
"""What is a name for every package manager, and an option for none. apt-get removes the package
``x`` when told to install ``x-``."""


class HostPackagesError(RpzError):
    """The pack's packages can't be compared with this machine's, or not be installed."""

    usual_remedy = "Unpack it in another way: docker, chroot"


class Presence(Enum):
    """Whether a package of the pack is on this machine."""

    SAME = "same"
    OTHER_VERSION = "other version"
    MISSING = "missing"


@dataclass(frozen=True)
class Found:
    """A package of the pack; ``version`` is that of this machine, None when it is missing."""

    package: Package
    version: str | None

    @property
    def presence(self) -> Presence:
        """Whether it is there."""
        if self.version is None:
            return Presence.MISSING
        same = self.version == self.package.version
        return Presence.SAME if same else Presence.OTHER_VERSION


@dataclass(frozen=True)
class Family:
    """Distributions that have one package manager.

    ``distributions`` are names as in ``ID`` and ``ID_LIKE`` (os-release(5)). ``listing`` prints all
    packages, a line each that ``parsed`` turns into name and version. ``installers`` are commands
    that the names follow, the first whose program is there counts; each has the option that answers
    its questions.
    """

    manager: str
    distributions: frozenset[str]
    listing: tuple[str, ...]
    parsed: Callable[[str], tuple[str, str] | None]
    installers: tuple[tuple[tuple[str, ...], str], ...]


def _columns(line: str) -> tuple[str, str] | None:
    name, _, version = line.replace("\t", " ").partition(" ")
    return (name, version) if version else None


def _dpkg(line: str) -> tuple[str, str] | None:
    status, _, rest = line.partition("\t")
    return _columns(rest) if status not in ("not-installed", "config-files") else None


def _apk(line: str) -> tuple[str, str] | None:
    parts = line.rsplit("-", 2)
    return (parts[0], "-".join(parts[1:])) if len(parts) == 3 else None  # noqa: PLR2004


FAMILIES = (
    Family(
        "dpkg",
        frozenset({"debian", "ubuntu"}),
        ("dpkg-query", "-W", r"-f=${db:Status-Status}\t${binary:Package}\t${Version}\n"),
        _dpkg,
        ((("apt-get", "install", "--no-install-recommends"), "-y"),),
    ),
    Family(
        "rpm",
        frozenset({"fedora", "rhel", "centos", "suse", "opensuse", "scientific", "amzn"}),
        ("rpm", "-qa", "--qf", r"%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n"),
        _columns,
        (
            (("dnf", "install"), "-y"),
            (("yum", "install"), "-y"),
            (("zypper", "install"), "-y"),
        ),
    ),
    Family("apk", frozenset({"alpine"}), ("apk", "info", "-v"), _apk, ((("apk", "add"), ""),)),
    Family(
        "pacman",
        frozenset({"arch"}),
        ("pacman", "-Q"),
        _columns,
        ((("pacman", "-S", "--needed"), "--noconfirm"),),
    ),
)
"""A family of distributions is a row here."""


def compared(config: Config, host: Sequence[str]) -> tuple[Family, list[Found]]:
    """Return the pack's packages of its distribution, with what this machine has of each.

    ``host`` is what this machine's distribution calls itself and what it is like.

    Raises:
        HostPackagesError: this machine's distribution is of another family.

    """
    traced = config.runs[0].distribution
    family, own = _family([traced[0].lower()]), _family(host)
    managers = {package.manager for package in config.packages} & {f.manager for f in FAMILIES}
    if family is None and len(managers) == 1:  # a derivative that isn't in the table
        family = next(each for each in FAMILIES if each.manager in managers)
    if family is None or family is not own:
        raise HostPackagesError(
            f"The pack's packages are of {' '.join(traced).strip()}, and this machine is"
            f" {host[0] if host else 'another'}",
            "Unpack it, with its packages: rpz unpack chroot PACK TARGET, or rpz unpack docker",
        )
    there = _installed(family)
    mine = (package for package in config.packages if package.manager in ("", family.manager))
    return family, [Found(package, _version(package.name, there)) for package in mine]


def _family(names: Sequence[str]) -> Family | None:
    """Return the family of the first name that one has."""
    found = (family for name in names for family in FAMILIES if name in family.distributions)
    return next(found, None)


def _installed(family: Family) -> Mapping[str, str]:
    printed = output_of(family.listing, package=family.listing[0])
    lines = printed.decode(errors="replace").splitlines()
    return dict(pair for line in lines if (pair := family.parsed(line)) is not None)


def _version(name: str, there: Mapping[str, str]) -> str | None:
    """Return the version of a package; in dpkg some have their architecture behind the name."""
    plain = name.partition(":")[0]
    if name in there:
        return there[name]
    if plain in there:
        return there[plain]
    others = (there[each] for each in there if each.partition(":")[0] == plain)
    return None if ":" in name else next(others, None)


def check_names(names: Iterable[str]) -> None:
    """See to it that a package manager takes names for names of packages to install.

    Raises:
        HostPackagesError: it would take one for something else.

    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise HostPackagesError(f"The pack names a package {name!a}, which can't be one")


def installation(family: Family, names: Sequence[str], *, yes: bool) -> list[str]:
    """Return the command that installs packages; with ``yes`` it asks nothing.

    Raises:
        HostPackagesError: its program isn't there, or a name isn't one.

    """
    check_names(names)
    for command, option in family.installers:
        if shutil.which(command[0]):
            return [*command, *([option] if yes and option else []), *names]
    programs = " or ".join(command[0] for command, _ in family.installers)
    raise HostPackagesError(f"{programs} is not on this machine", "Install the packages yourself")
