"""Python's packages, installed by pip, uv and others, in any ``site-packages``.

Every distribution has a folder ``NAME-VERSION.dist-info``, with its files in ``RECORD``
(https://packaging.python.org/en/latest/specifications/recording-installed-packages/).
"""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import Claim, packages
from rpz.packer.packages.folders import content_of, json_of, name_of, text_of, walk, word
from rpz.packer.packages.git import address, origin_of
from rpz.packer.packages.kept import Kept
from rpz.packer.packages.paths import with_parts
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from importlib.metadata import PathDistribution

NAME = "pip"
PART = b"-packages/"
SITE = re.compile(rb"(.*/(?:site|dist)-packages)/", re.DOTALL)
CODE = re.compile(rb"\.(py|pyc|pyi|so|pth)\Z")
CACHE = frozenset((b"__pycache__", b".git", b"node_modules", b"site-packages"))
"""Folders in a project's that are not the package's."""


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    sites: dict[bytes, set[bytes]] = defaultdict(set)
    for path in with_parts(paths, PART):
        if found := SITE.match(path):
            sites[found[1]].add(path)
    claims: list[Claim] = []
    wanted = set(paths)
    for site, used in sorted(sites.items()):
        inside = {text_of(path[len(site) + 1 :]): path for path in used}
        claims += _claims(site, wanted, inside)
    return packages(claims)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    for package in some:
        sites = {found[1] for path in package.files if (found := SITE.match(bytes(path)))}
        files: list[bytes] = []
        for site in sorted(sites):
            for distribution in _distributions(site):
                if distribution.info == (package.name, package.version):
                    files += distribution.files()
        yield package, files


class _Distribution:
    """One ``.dist-info`` (or, by older tools, ``.egg-info``) in a folder of packages."""

    def __init__(self, site: bytes, name: bytes) -> None:
        self._site = site
        self.folder = os.path.join(site, name)

    @property
    def info(self) -> tuple[str, str]:
        """Name and version, as it calls itself; else as its folder does."""
        places = (self.folder + b"/METADATA", self.folder + b"/PKG-INFO", self.folder)
        said = next(filter(None, map(_said.of, places)), ("", ""))
        name, _, version = text_of(os.path.basename(self.folder)).rpartition(".")[0].partition("-")
        return said[0] or name, said[1] or version

    def files(self) -> list[bytes]:
        """Return the paths of its files."""
        if self.root is not None:
            own = (p for p in walk(self.root, skip=CACHE) if self._is_of_project(p, self.root))
            return [*self._recorded(), *own]
        return self._recorded()

    def _recorded(self) -> list[bytes]:
        return [self._path(row[0]) for row in self._rows]

    def tops(self) -> set[bytes]:
        """Return the names in the folder of packages that its files are in, or are."""
        return {name_of(row[0].partition("/")[0]) for row in self._rows}

    def owned(self, paths: set[bytes], inside: Mapping[str, bytes]) -> list[bytes]:
        """Return those of some paths that are its own; ``inside`` has names in its folder."""
        # Most rows are the names of files that nobody has used: no path is made of them
        names = (row[0] for row in self._rows if row[0] in inside or row[0][:1] in "./")
        own = [path for path in map(self._path, names) if path in paths]
        if self.root is not None:
            own += [path for path in paths if self._is_of_project(path, self.root)]
        return own

    @property
    def root(self) -> bytes | None:
        """The project's folder, if it is installed editable: used from where it is written."""
        said = self._origin()
        if not _part(said, "dir_info").get("editable"):
            return None
        return name_of(unquote(_path(said["url"]))) or None

    def package(self) -> Package:
        """Say what it is; its files aren't in it yet."""
        name, version = self.info
        sizes = [int(row[2]) for row in self._rows if len(row) > 2 and row[2].isdecimal()]  # noqa: PLR2004 (path, hash, size)
        plain = re.sub(r"[-_.]+", "-", name).lower()
        url = purl("pypi", plain, version, **_source(self._origin()))
        return Package(
            name, version, (), size=sum(sizes) if sizes else None, manager=NAME, purl=url
        )

    def _is_of_project(self, path: bytes, root: bytes) -> bool:
        """Whether a path is program text of a project, or data in its packages."""
        if not path.startswith(root + b"/") or SITE.match(path):
            return False
        beside = os.path.join(os.path.dirname(path), b"__init__.py")
        return bool(CODE.search(path)) or os.path.exists(beside)

    @cached_property
    def _rows(self) -> list[list[str]]:
        recorded = _recorded.of(self.folder + b"/RECORD")
        if recorded is not None:
            return recorded
        try:
            return [[str(file)] for file in self._older().files or ()]
        except (ValueError, TypeError):
            return []

    def _path(self, name: str) -> bytes:
        raw = name_of(name)
        if raw[:1] not in b"./":  # most
            return self._site + b"/" + raw
        return posixpath.normpath(posixpath.join(self._site, raw))

    def _origin(self) -> dict[str, Any]:
        """Return what ``direct_url.json`` says, which is there if it isn't from an index."""
        said = json_of(self.folder + b"/direct_url.json")
        return said if isinstance(said, dict) and isinstance(said.get("url"), str) else {}

    def _older(self) -> PathDistribution:
        """Read the lists of tools that write no ``RECORD``."""
        from importlib.metadata import PathDistribution
        from pathlib import Path

        folder = self.folder

        class Older(PathDistribution):
            def read_text(self, filename: str | os.PathLike[str]) -> str | None:
                return text_of(content_of(folder + b"/" + os.fsencode(filename))) or None

        return Older(Path(os.fsdecode(folder)))


def _read_rows(path: bytes) -> list[list[str]] | None:
    """Return the rows of a ``RECORD``; None where there is none."""
    import csv

    text = text_of(content_of(path))
    try:
        return [row for row in csv.reader(io.StringIO(text, newline="")) if row] if text else None
    except csv.Error:
        return []


def _read_info(path: bytes) -> tuple[str, str] | None:
    """Return the name and the version that a package's file says; None where it says nothing."""
    from email.parser import Parser  # the file has the form of a mail's header

    if not (data := content_of(path)):
        return None
    head = text_of(data).partition("\n\n")[0]  # a book may follow
    said = Parser().parsestr(head, headersonly=True)
    return word(said.get("Name")), word(said.get("Version"))


_recorded = Kept(_read_rows)
_said = Kept(_read_info)


class Ahead:
    """Reads what is installed while a run goes on, so that :func:`owners` need not."""

    def __init__(self, paths: Sequence[bytes]) -> None:
        """Prepare to read about the packages of some paths, of which more may come."""
        self._paths = paths
        self._next = 0
        self._steps: Iterator[bool] = iter(())
        self._tops: dict[bytes, dict[bytes, list[_Distribution]]] = {}
        self._asked: set[tuple[bytes, bytes]] = set()

    def step(self) -> bool:
        """Read about a package, or look for more; return whether there was something to do."""
        with contextlib.suppress(OSError):  # then it is told of in the end, if at all
            if next(self._steps, False):
                return True
        begin, self._next = self._next, len(self._paths)
        self._steps = self._read(self._paths[begin : self._next])
        return begin < self._next

    def _read(self, paths: Sequence[bytes]) -> Iterator[bool]:
        for path in paths:
            found = SITE.match(path) if PART in path else None
            if found is None:
                continue
            site, name = found[1], path[found.end() :].partition(b"/")[0]
            if site not in self._tops:
                yield from self._list(site)
            if (site, name) not in self._asked:
                self._asked.add((site, name))
                yield from (bool(d.info) for d in self._tops[site].get(name, ()))

    def _list(self, site: bytes) -> Iterator[bool]:
        tops = self._tops[site] = defaultdict(list)
        for distribution in _distributions(site):
            for top in distribution.tops():
                tops[top].append(distribution)
            yield True


def _claims(site: bytes, paths: set[bytes], inside: Mapping[str, bytes]) -> Iterator[Claim]:
    for distribution in _distributions(site):
        if own := distribution.owned(paths, inside):
            package = distribution.package()
            yield from ((path, package) for path in own)


def _distributions(site: bytes) -> Iterator[_Distribution]:
    for name in sorted(os.listdir(site)) if os.path.isdir(site) else ():
        if name.endswith((b".dist-info", b".egg-info")):
            yield _Distribution(site, name)


def _source(origin: dict[str, Any]) -> dict[str, str]:
    """Return the qualifiers that say where a package came from, if not from an index."""
    vcs = _part(origin, "vcs_info")
    if commit := word(vcs.get("commit_id")):
        return {"vcs_url": f"{word(vcs.get('vcs'))}+{address(origin['url'])}@{commit}"}
    if _part(origin, "dir_info").get("editable"):
        return {"vcs_url": origin_of(name_of(unquote(_path(origin["url"]))))}
    if "archive_info" in origin and not origin["url"].startswith("file:"):
        return {"download_url": address(origin["url"])}
    return {}


def _part(said: dict[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key)
    return found if isinstance(found, dict) else {}


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
