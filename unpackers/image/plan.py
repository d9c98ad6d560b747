"""Which layer a packed file goes into: packs of one distribution are to share what they can.

Layers are shared when their bytes are the same, and by most engines only when those below are the
same, too. Of a package, two runs seldom use the same small files, but mostly the same great ones,
its libraries. So these have a layer of their own for each package, as have packages that are packed
whole; the layers that many packs have come first. Each layer costs an engine a tenth of a second.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.packer.config.model import Config, Extent
from rpz.unpackers.members import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Package
    from rpz.unpackers.members import Member

GREAT = 1 << 20
"""Bytes of a great file."""
GREAT_PACKAGE = 4 << 20
"""Bytes of a package, used or not, that can have a layer of its own."""
MOST = 80
"""Packages with layers of their own; engines allow 127 layers."""
MOST_PASSES = 2
"""The same where each layer costs a pass over the whole pack."""
DISTRIBUTION = frozenset({"", "dpkg", "rpm", "apk", "pacman"})
"""Managers whose packages are the distribution's; ReproZip names none and knows no others."""
FOUNDATION = re.compile(r"(libc6|glibc|musl)([:-].*)?")
LANGUAGE = re.compile(
    r"((lib)?(python|perl|ruby|lua|node|php)[-\d.].*|(python|perl|ruby|nodejs|julia|R)(-.*)?"
    r"|r-base.*|libR|openjdk.*|java-.*)"
)
NUMERIC = re.compile(r"(python3-)?numpy|lib(open)?blas.*|liblapack.*|libgfortran.*|mkl.*")
"""What many packages are built upon, whoever installed it."""
FAMILY = re.compile(r"(?:lib)?(python|perl|ruby)[\d.]*\d(?:-(?:base|minimal|stdlib))?(?::.*)?")
"""Packages into which a distribution has cut up one language: they are in one layer."""
COMPILED = b"/__pycache__/"
"""Made on the machine, by no package's author: its times differ from one machine to another."""

REST = "what else is of packages"
OWN = "the experiment"


class Plan:
    """The layers, by number, the lowest first, and what goes into which."""

    def __init__(self, config: Config, *, can_seek: bool = True) -> None:
        """Look at a configuration's packages."""
        packed = [package for package in config.packages if package.packfiles and package.files]
        own = _with_own_layers(packed, MOST if can_seek else MOST_PASSES)
        self.titles: Sequence[str] = (*dict.fromkeys(map(_title, own)), REST, OWN)
        self._places: dict[bytes, tuple[int, int]] = {}
        self._great: set[bytes] = set()
        numbers = {id(package): self.titles.index(_title(package)) for package in own}
        others = self.titles.index(REST)
        for package in packed:
            great = numbers.get(id(package), others)
            small = others if package.extent is Extent.TOUCHED else great
            for file in package.files:
                compiled = COMPILED in file.path
                self._places[file.path] = (others, others) if compiled else (great, small)

    @classmethod
    def flat(cls) -> Plan:
        """Return a plan of one layer."""
        return cls(Config(runs=()))

    @property
    def last(self) -> int:
        """The number of the uppermost layer: the experiment's, and the folders of all."""
        return len(self.titles) - 1

    def number(self, member: Member) -> int:
        """Return which layer a member is in; a hard link is where its file is."""
        if member.kind is Kind.FOLDER:
            return self.last
        is_link = member.kind is Kind.HARDLINK
        path = b"/" + (member.link if is_link else b"/".join(member.path))
        if path not in self._places:
            return self.last
        great, rest = self._places[path]
        if member.size >= GREAT:
            self._great.add(path)
        return great if path in self._great else rest


def _title(package: Package) -> str:
    """Return what the layer of a package is called."""
    family = FAMILY.fullmatch(package.name)
    return f"{family[1] if family else package.name} {package.version}"


def _with_own_layers(packages: Sequence[Package], most: int) -> Sequence[Package]:
    found = [package for package in packages if (package.size or 0) >= GREAT_PACKAGE]
    found.sort(key=lambda package: (-(package.size or 0), package.name, package.version))
    return sorted(found[:most], key=_order)


ELSEWHERE = 4
"""The tier of packages that aren't the distribution's."""


def _tier(package: Package) -> int:
    """Return how likely it is that another pack doesn't have the package, too, roughly."""
    if FOUNDATION.fullmatch(package.name):
        return 0
    if package.manager == "python" or LANGUAGE.fullmatch(package.name):
        return 1
    if NUMERIC.fullmatch(package.name):
        return 2
    return 3 if package.manager in DISTRIBUTION else ELSEWHERE


def _order(package: Package) -> tuple[int, int, str, str]:
    return _tier(package), -(package.size or 0), package.name, package.version
