"""README.md, as committees ask for it that look at artefacts beside papers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.sizes import human_size
from rpz.provenance.export.contents import Wanted
from rpz.provenance.export.markdown import block, code, plain, table
from rpz.provenance.export.names import in_url
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
SECOND = 1e9


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
        parts = (self._head(), self._contents(), self._requirements(), self._usage(),
                 *map(self._run, self.accounts), self._notes(), self._licence())  # fmt: skip
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

    def _requirements(self) -> Iterator[str]:
        yield from ("## Hardware and software", "", "What the runs were made with:", "")
        rows: dict[str, str] = {}
        for account in self.accounts:
            rows.update(_machine(account))
        packages = {package.purl or package.name for a in self.accounts for package in a.packages}
        rows["packages"] = f"{len(packages)}, in [bom.cdx.json](bom.cdx.json)"
        yield from table(("", ""), rows.items())
        yield "What it needs to run again: Linux on a processor of this architecture, the memory"
        yield "and disk below, Python 3.10 or later with rpz; no network, unless that is said"
        yield ""
        head = ("run", "measured time", "processor time", "memory", "outputs")
        yield from table(head, map(_resources, self.accounts))
        if self.pack is not None:
            disk = human_size(self.pack.summary.bytes)
            yield f"Unpacked, the pack takes {disk} of disk."
            yield ""

    def _usage(self) -> Iterator[str]:
        if self.pack is None:
            return
        name = shlex.quote(self.pack.name)
        yield from ("## How to run it", "")
        yield from block(
            [
                "pip install rpz                      # once",
                f"rpz check {name}    # is it whole?",
                f"rpz unpack chroot {name} again    # or: rpz unpack docker {name} again",
                "rpz run again",
                *(f"rpz download again {shlex.quote(one)}" for one in self._outputs()[:3]),
            ]
        )
        yield "Every run ends with the exit status below; its outputs have the SHA-256 below."
        yield ""

    def _outputs(self) -> list[str]:
        paths = (file.path for account in self.accounts for file in account.outputs)
        return [text for path in dict.fromkeys(paths) if (text := printable(path)) == _text(path)]

    def _run(self, account: Account) -> Iterator[str]:
        yield from (f"## Run {plain(account.run.label)}", "")
        yield from (f"- Command: {code(shlex.join(account.argv))}",)
        yield f"- Folder: {code(account.run.workingdir)}"
        yield f"- Began: {account.started.isoformat(' ', 'seconds')}"
        yield f"- Ended: {plain(account.failure or 'exit status 0')}"
        if reason := account.described.fact("why", "reason"):
            yield f"- Why: {plain(reason)}"
        yield f"- Program: {code(account.tool.path)}, version {plain(account.tool.version)}"
        yield from (
            f"- {plain(name)} = {code(value)}" for name, value, _ in account.parameters[:MOST]
        )
        yield ""
        yield from self._files("Inputs", account.inputs)
        yield from self._files("Outputs", account.outputs)

    def _files(self, title: str, files: Sequence[Used]) -> Iterator[str]:
        if not files:
            return
        yield from (f"### {title}", "")
        yield from table(("file", "here", "size", "SHA-256"), map(self._row, files[:MOST]))
        if len(files) > MOST:
            yield f"And {len(files) - MOST} more: ro-crate-metadata.json has all."
            yield ""

    def _row(self, file: Used) -> tuple[str, str, str, str]:
        if file.content is None:
            return code(file.path), "", "", "not recorded"
        place = self.places.get(Wanted(file.path, file.content.sha256))
        here = _link(place) if place else ""
        return code(file.path), here, human_size(file.content.size), f"`{file.content.sha256}`"

    def _notes(self) -> Iterator[str]:
        withheld = sorted({name for account in self.accounts for name in account.withheld})
        chance = {
            f"{fact.name}: {printable(fact.value)}": None
            for account in self.accounts
            for fact in account.described.facts
            if fact.topic == "chance" and fact.name in ("random device", "network")
        }
        if withheld or chance or self.lost:
            yield from ("## What to know", "")
        if withheld:
            names = ", ".join(map(code, withheld))
            yield f"- Secrets were withheld: {names}. Who runs it again sets these variables."
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


def _machine(account: Account) -> Iterator[tuple[str, str]]:
    run, fact = account.run, account.described.fact
    processors = f", {run.processors} logical processors" if run.processors else ""
    system = f"{run.distribution} {run.distribution_version}".strip()
    told = {
        "processor": f"{fact('where', 'processor') or run.architecture}{processors}",
        "architecture": run.architecture,
        "graphics processor": fact("where", "gpu"),
        "memory of the machine": human_size(run.memory) if run.memory else "",
        "operating system": f"{system}, {run.system} {run.kernel}",
        "container": fact("where", "container"),
    }
    yield from ((name, plain(value)) for name, value in told.items() if value)


def _resources(account: Account) -> tuple[str, str, str, str, str]:
    run = account.run
    times = [time for time in (run.user_time, run.system_time) if time is not None]
    size = sum(file.content.size for file in account.outputs if file.content is not None)
    return (
        plain(run.label),
        _seconds(account.wall),
        _seconds(sum(times) if times else None),
        plain(human_size(run.peak_memory)) if run.peak_memory else "?",
        plain(human_size(size)),
    )


def _seconds(nanoseconds: int | None) -> str:
    return "?" if nanoseconds is None else f"{nanoseconds / SECOND:.2f} s"


def _link(path: str) -> str:
    return f"[{plain(path)}]({in_url(path)})"


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
