"""Files of a git working tree: the commit, where it came from, and whether it was as committed.

The version is the commit, with ``-dirty`` behind it when a file of the tree that git knows isn't as
in the commit (as ``git describe --dirty`` has it). Files that git doesn't know are nobody's.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import Claim, packages
from rpz.packer.packages.folders import Marker, roots_of, text_of
from rpz.packer.packages.purl import purl
from rpz.packer.packages.working_tree import ask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "git"
MARK = b".git"
"""A folder; in a submodule or a second working tree, a file."""
DIRTY = "-dirty"
STATUS = (
    "status",
    "--porcelain=v2",
    "--branch",
    "--untracked-files=no",
    "--ignore-submodules=dirty",  # they are trees of their own
    "-z",
)
SCP = re.compile(r"(?:[^/@]+@)?([^/:@]+):(?!//)(.+)")
"""How ssh names a place, too: ``user@host:path``."""
HOSTS = {"github.com": "github", "bitbucket.org": "bitbucket"}
"""Hosts that package URLs have a type for; their namespace is the owner."""


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the working trees that know some of these paths, each with those of its own."""
    trees = Marker(MARK).roots(paths)
    if not trees or shutil.which("git") is None:
        return []
    claims: list[Claim] = []
    for root, inside in sorted(trees.items()):
        claims += _claims(root, set(inside))
    return packages(claims)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; a tree at another commit has none."""
    above = Marker(MARK).above
    for package in some:
        roots = roots_of(package, above)
        commit = package.version.removesuffix(DIRTY)
        same = [root for root in roots if _state(root)[0] == commit]
        yield package, [name for root in same for name in _known(root)]


def origin_of(folder: bytes) -> str:
    """Return the commit that a folder is at, with where it came from; "" when that isn't known."""
    root = Marker(MARK).above(folder + b"/.") if folder else None
    if root is None or shutil.which("git") is None:
        return ""
    commit, _ = _state(root)
    return _origin(address(text_of(remote_of(root))), commit)


def address(remote: str) -> str:
    """Return where a remote is, without a user's name or password: an URL, or a path."""
    if found := SCP.fullmatch(remote):
        return f"ssh://{found[1]}/{found[2].lstrip('/')}"
    try:
        parts = urlsplit(remote)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


def _claims(root: bytes, wanted: set[bytes]) -> list[Claim]:
    own = sorted(wanted.intersection(_known(root)))
    if not own:
        return []
    package = _package(root)
    return [(path, package) for path in own]


def _package(root: bytes) -> Package:
    commit, is_dirty = _state(root)
    remote = address(text_of(remote_of(root)))
    name = posixpath.basename(remote.rstrip("/")).removesuffix(".git")
    name = name or text_of(posixpath.basename(root))
    version = commit + DIRTY if is_dirty else commit
    return Package(name, version, (), manager=NAME, purl=_purl(name, commit, remote))


def _purl(name: str, commit: str, remote: str) -> str:
    parts, origin = urlsplit(remote), _origin(remote, commit)
    owner, _, repository = parts.path.strip("/").removesuffix(".git").rpartition("/")
    if (kind := HOSTS.get(parts.netloc)) and owner:
        return purl(kind, repository, commit, owner, vcs_url=origin)
    return purl("generic", name, commit, vcs_url=origin)


def _origin(remote: str, commit: str) -> str:
    return f"git+{remote}@{commit}" if commit and urlsplit(remote).scheme else ""


def _state(root: bytes) -> tuple[str, bool]:
    """Return the commit, "" before the first, and whether a file that git knows isn't as in it."""
    status = ask(root, *STATUS)
    entries = [entry for entry in status.split(b"\0") if entry]
    heads = [entry[13:] for entry in entries if entry.startswith(b"# branch.oid ")]
    commit = text_of(b"".join(heads))
    return "" if commit == "(initial)" else commit, any(e[:2] != b"# " for e in entries)


def _known(root: bytes) -> list[bytes]:
    names = ask(root, "ls-files", "-z", "--cached").split(b"\0")
    return [root + b"/" + name for name in names if name]


def remote_of(root: bytes) -> bytes:
    """Return the remote called origin, else the first, else nothing."""
    listed = ask(root, "config", "--null", "--get-regexp", r"^remote\..*\.url$")
    pairs = dict(reversed([e.split(b"\n", 1) for e in listed.split(b"\0") if b"\n" in e]))
    return pairs.get(b"remote.origin.url") or next(reversed(pairs.values()), b"")
