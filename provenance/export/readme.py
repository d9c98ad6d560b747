"""README.md, as committees ask for it that look at artefacts beside papers."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.sizes import human_size
from rpz.provenance.export.contents import Wanted
from rpz.provenance.export.markdown import block, code, plain, table
from rpz.provenance.export.names import in_url
from rpz.provenance.export.needs import needs
from rpz.provenance.graph.captions import printable
from rpz.provenance.publication.authors import author_line, funding_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rpz.packer.archive.data import Summary
    from rpz.provenance.export.account import Account, Used
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.publication.swhid import Digests

MOST = 50
"""Rows of a table: the description has all."""
HEAD = ("file", "here", "size", "SHA-256")
LONGEST = 80
"""Characters of a command in a table, or of an argument."""
TRIED = 5
"""Outputs that the README says how to get and to check."""


@dataclass(frozen=True)
class Packed:
    """The pack that lies beside the README: what identifies it, its size, what is in it."""

    name: str
    size: int
    digests: Digests
    summary: Summary


@dataclass(frozen=True)
class Readme:
    """All that the README tells; ``places`` are the files that lie beside it, ``lost`` paths not.

    ``documents`` are the other files, and what they are.
    """

    title: str
    description: str
    publication: Publication
    accounts: Sequence[Account]
    pack: Packed | None
    places: Mapping[Wanted, str]
    lost: Sequence[bytes]
    documents: Mapping[str, str]

    def text(self) -> str:
        """Return the file."""
        parts = (
            self._head(),
            self._contents(),
            needs(self.accounts, self._unpacked),
            self._usage(),
            *map(self._run, self.accounts),
            self._notes(),
            self._licence(),
        )
        return "\n".join(line for part in parts for line in part)

    def _head(self) -> Iterator[str]:
        told = self.publication
        yield from (f"# {plain(self.title)}", "", plain(self.description), "")
        yield from (f"- Author: {plain(author_line(author))}" for author in told.authors)
        yield from (f"- Paid by: {plain(funding_line(paid))}" for paid in told.funding)
        for related in told.related:
            yield f"- {related.relation.value}: <https://doi.org/{in_url(related.doi)}>"
        if told.doi:
            yield f"- DOI of this: <https://doi.org/{in_url(told.doi)}>"
        yield ""

    def _contents(self) -> Iterator[str]:
        yield from ("## What is here", "")
        rows = [(_link(name), plain(what)) for name, what in self.documents.items()]
        if self.pack is not None:
            what = f"The runs, with all that they need: {human_size(self.pack.size)}"
            rows.insert(0, (_link(self.pack.name), what))
        yield from table(("file", "what it is"), rows)
        if self.pack is not None:
            yield f"SHA-256 of the pack: `{self.pack.digests.sha256}`"
            yield ""

    @property
    def _unpacked(self) -> int | None:
        return None if self.pack is None else self.pack.summary.bytes

    def _usage(self) -> Iterator[str]:
        if self.pack is None:
            return
        name, tried = shlex.quote(self.pack.name), self._tried()
        yield from ("## How to run it", "")
        yield from block(
            [
                "pip install rpz                      # once",
                f"rpz check {name}    # is it whole?",
                f"rpz unpack chroot {name} again    # or: rpz unpack docker {name} again",
                "rpz run again",
                *(f"rpz download again {shlex.quote(path)}" for path, _, _ in tried),
                *(f"echo {shlex.quote(f'{sha}  {end}')} | sha256sum -c" for _, end, sha in tried),
            ]
        )
        yield "A run that doesn't end as below is told of; an output that isn't the same has"
        yield "another SHA-256 than below."
        yield ""

    def _tried(self) -> list[tuple[str, str, str]]:
        """Return outputs that a shell can name: the path, its last part, the SHA-256."""
        left = {f.path: f.content for account in self.accounts for f in account.outputs}
        found: dict[str, tuple[str, str, str]] = {}
        for path, content in left.items():
            text, end = _text(path), posixpath.basename(_text(path))
            if content is not None and text == printable(path) and not end.startswith("-"):
                found.setdefault(end, (text, end, content.sha256))
        return list(found.values())[:TRIED]

    def _run(self, account: Account) -> Iterator[str]:
        yield from (f"## Run {plain(account.run.label)}", "")
        yield from (f"- Command: {code(shlex.join(account.argv))}",)
        yield f"- Folder: {code(account.run.workingdir)}"
        if account.started is not None:
            yield f"- Began: {account.started.isoformat(' ', 'seconds')}"
        yield f"- Ended: {plain(account.failure or 'exit status 0')}"
        if reason := account.described.fact("why", "reason"):
            yield f"- Why: {plain(reason)}"
        yield f"- Program: {code(account.tool.path)}, version {plain(account.tool.version)}"
        yield from (
            f"- {plain(name)} = {code(value)}" for name, value, _ in account.parameters[:MOST]
        )
        if account.environment:
            told = (code(f"{name}={printable(value)}") for name, value in account.environment)
            yield f"- Environment, of what decides on results: {', '.join(told)}"
        yield ""
        yield from self._files("Inputs", account.inputs, HEAD)
        yield from self._files("Outputs", account.outputs, (*HEAD, "written by"))

    def _files(self, title: str, files: Sequence[Used], head: Sequence[str]) -> Iterator[str]:
        if not files:
            return
        yield from (f"### {title}", "")
        yield from table(head, (self._row(file)[: len(head)] for file in files[:MOST]))
        if len(files) > MOST:
            yield f"And {len(files) - MOST} more: ro-crate-metadata.json has all."
            yield ""

    def _row(self, file: Used) -> tuple[str, ...]:
        maker = code(_shortened(file.maker))
        if file.content is None:
            return code(file.path), "", "", "not recorded", maker
        place = self.places.get(Wanted(file.path, file.content.sha256))
        here, size = _link(place) if place else "", human_size(file.content.size)
        return code(file.path), here, size, f"`{file.content.sha256}`", maker

    def _notes(self) -> Iterator[str]:
        withheld = [account.withheld for account in self.accounts]
        variables = sorted({name for one in withheld for name in one.variables})
        arguments = list(dict.fromkeys(word for one in withheld for word in one.arguments))
        chance = {
            f"{fact.name}: {printable(fact.value)}": None
            for account in self.accounts
            for fact in account.described.facts
            if fact.topic == "chance" and fact.name in ("random device", "network")
        }
        if variables or arguments or chance or self.lost:
            yield from ("## What to know", "")
        if variables:
            names = ", ".join(map(code, variables))
            yield f"- Secrets were withheld: {names}. Who runs it again sets these variables."
        if arguments:
            words = ", ".join(code(_shortened(word)) for word in arguments[:MOST])
            yield f"- Secrets were withheld in arguments: {words}. Who runs it again puts them back"
            yield "  into `argv` in `target.json` of what was unpacked, or runs without them."
        yield from (f"- A source of chance: {plain(what)}" for what in chance)
        if self.lost:
            yield "- Not laid out here (nobody has them as they were, or they aren't for others):"
            yield from (f"  - {code(path)}" for path in self.lost[:MOST])
        yield ""

    def _licence(self) -> Iterator[str]:
        if self.publication.licence:
            link = self.publication.licence_url
            name = plain(self.publication.licence)
            yield from ("## Licence", "", f"[{name}]({link})" if link else name, "")


def _shortened(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _link(path: str) -> str:
    return f"[{plain(path)}]({in_url(path)})"


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
