"""What a run was a run of: the script, or the program, by a name that others can point at."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rpz.provenance.export.bill import purl_of
from rpz.provenance.export.names import in_url
from rpz.provenance.graph.captions import printable
from rpz.provenance.graph.model import Joint
from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpz.packer.config.model import Package
    from rpz.provenance.export.names import Described
    from rpz.provenance.files import Content
    from rpz.provenance.graph.model import Graph

GIT = "git"
ARCHIVE = "https://archive.softwareheritage.org/"
"""Before a SWHID: where one finds what it names, if it is archived."""
INTERPRETER = re.compile(
    rb"(?:python|pypy|perl|ruby|node|julia|octave|lua|tclsh|php)[\d.]*|Rscript|R|bash|dash|sh|zsh"
    rb"|ksh|matlab|awk|gawk|mawk|guile|ghc|runghc|wish"
)
"""Names of programs whose first argument that is a file is what is run."""
PLACES = {
    "deb/debian": "https://packages.debian.org/{name}",
    "deb/ubuntu": "https://packages.ubuntu.com/{name}",
    "rpm/fedora": "https://packages.fedoraproject.org/pkgs/{name}/",
    "alpm/arch": "https://archlinux.org/packages/?name={name}",
    "apk/alpine": "https://pkgs.alpinelinux.org/packages?name={name}",
    "conda": "https://anaconda.org/search?q={name}",
}
"""Pages on packages, by the beginnings of their URLs; the library knows those of languages."""
ANYWHERE = "https://repology.org/projects/?search={name}"
"""Where one may look for a package of any distribution."""


@dataclass(frozen=True)
class Tool:
    """What was run: ``path`` in the experiment, ``url`` a page on it, "" if there is none.

    ``identifier`` tells it from all others, and is a URL of the web where anything allows one.
    """

    path: bytes
    is_script: bool
    version: str
    url: str
    identifier: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return printable(posixpath.basename(self.path)) or "?"


def tool_of(graph: Graph, described: Described, swhid: Callable[[bytes, Content], str]) -> Tool:
    """Return what a run was a run of; ``swhid`` tells that of a file's content, "" if it can't."""
    program, script = _executed(graph), _script(graph, described)
    path = script or program
    file = graph.files.get(path)
    content = file.content if file is not None else None
    own = _archived(content, swhid(path, content)) if content else ""
    version = f"sha256:{content.sha256}" if content else "not known"
    if (tree := _tree_of(path, described)) is not None:
        name = tree.identifier or own or tree.url or f"{described.url}program{in_url(path)}"
        return replace(tree, is_script=bool(script), url=tree.url or own, identifier=name)
    if file is not None and file.package is not None:
        url = page_of(file.package)
        own = f"{in_url(posixpath.basename(path))}={in_url(file.package.version)}"
        of = printable(file.package.version) or version
        return Tool(path, bool(script), of, url, f"{url}#program/{own}")
    named = own or f"{described.url}program{in_url(path)}"
    return Tool(path, bool(script), version, own, named)


def _archived(content: Content, swhid: str) -> str:
    """Return where a file's content is found, if it is archived: of one that is gone by SHA-256."""
    return f"{ARCHIVE}{swhid or f'api/1/content/sha256:{content.sha256}/'}"


def page_of(package: Package) -> str:
    """Return a page on a package: of its own registry, else where one may look for it."""
    from packageurl.contrib.purl2url import get_repo_url

    name = in_url(package.name.partition(":")[0])
    if (purl := purl_of(package)) is None:
        return ANYWHERE.format(name=name)
    for begin, page in PLACES.items():
        if purl.to_string().startswith(f"pkg:{begin}/"):
            return page.format(name=name)
    found: str | None = get_repo_url(purl.to_string())  # type: ignore[no-untyped-call]
    return found or ANYWHERE.format(name=name)


def _executed(graph: Graph) -> bytes:
    """Return the file that the first process executed first."""
    for edge in graph.edges:
        if edge.kind is Joint.EXECUTES and isinstance(edge.target, bytes):
            return edge.target
    return b""


def _script(graph: Graph, described: Described) -> bytes:
    """Return the script of an interpreter: the first argument that is a file which was read."""
    argv = items_of(described.run.argv)
    program = posixpath.basename(_executed(graph))
    if not argv or not INTERPRETER.fullmatch(program):
        return b""
    for word in argv[1:]:
        path = posixpath.normpath(posixpath.join(described.run.workingdir, word))
        if not word.startswith(b"-") and path in graph.files:
            return path
    return b""


def _tree_of(path: bytes, described: Described) -> Tool | None:
    """Return what the working tree tells of a file that is in one: ``identifier`` "" if not all."""
    roots = {fact.source for fact in described.facts if fact.topic == "code" and fact.source}
    root = max((root for root in roots if path.startswith(root + b"/")), key=len, default=b"")
    facts = [fact for fact in described.facts if fact.topic == "code" and fact.source == root]
    told = {fact.name: printable(fact.value) for fact in facts}
    inside = path[len(root) + 1 :]
    is_untracked = any(fact.name == "untracked" and fact.value == inside for fact in facts)
    if not (commit := told.get("commit", "")) or is_untracked:
        return None
    changed = "diff" in told or "changes" in told
    remote = told.get("remote", "").removesuffix(".git").rstrip("/")
    of_git = told.get("system", GIT) == GIT  # what others call a commit, archives find by no link
    archived = f"{ARCHIVE}swh:1:rev:{commit}" if of_git else ""
    return Tool(
        path=path,
        is_script=False,
        version=f"{commit} with changes" if changed else commit,
        url=remote if remote.startswith("https://") else archived,
        identifier="" if changed or not of_git else _permalink(remote, commit, in_url(inside)),
    )


def _permalink(remote: str, commit: str, inside: str) -> str:
    for host, between in (("github.com", "blob"), ("gitlab.com", "-/blob")):
        if remote.startswith("https://") and urlsplit(remote).hostname == host:
            return f"{remote}/{between}/{commit}/{inside}"
    return f"{ARCHIVE}swh:1:rev:{commit};path=/{inside}"
