"""Runs in W3C PROV (https://www.w3.org/TR/prov-dm/), as JSON (``docs/prov.md``)."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from prov.model import PROV, PROV_LABEL, PROV_LOCATION, PROV_TYPE, ProvDocument

from rpz.provenance.export.names import CONTENT, OWN, Described, content_name, in_url
from rpz.provenance.graph.build import graph_of
from rpz.provenance.graph.captions import printable
from rpz.provenance.graph.model import Joint, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prov.identifier import Namespace, QualifiedName

    from rpz.packer.config.model import Package
    from rpz.provenance.files import Content
    from rpz.provenance.graph.model import File, Graph, Process
    from rpz.provenance.source import Source

PACKAGE = "pkg:"
"""What URLs of packages begin with (https://github.com/package-url/purl-spec)."""
WHY = ("reason", "project", "tag")


def text(source: Source) -> Iterator[str]:
    """Yield the document."""
    yield document_of(source).serialize(format="json", indent=1) or ""
    yield "\n"


def document_of(source: Source) -> ProvDocument:
    """Return what runs did: runs and processes are activities, files are entities."""
    document = ProvDocument()
    document.add_namespace("rpz", OWN)
    document.add_namespace("content", CONTENT)
    document.add_namespace("pkg", PACKAGE)
    config = source.config
    for run in source.runs:
        graph = graph_of(source.database, [run], config.packages if config is not None else ())
        _Run(document, Described(source.database, run), graph).add()
    return document


class _Run:
    """One run on its way into a document."""

    def __init__(self, document: ProvDocument, run: Described, graph: Graph) -> None:
        self._document, self._described, self._graph = document, run, graph
        self._rpz: Namespace = document.add_namespace("rpz", OWN)
        self._content: Namespace = document.add_namespace("content", CONTENT)
        self._pkg: Namespace = document.add_namespace("pkg", PACKAGE)
        self._own: Namespace = document.add_namespace(f"run{run.run.id}", run.url)
        self._run: QualifiedName = self._own["run"]
        self._agent: QualifiedName = self._person()
        self._before: dict[bytes, QualifiedName] = {}
        self._after: dict[bytes, QualifiedName] = {}

    def add(self) -> None:
        """Add what the run is, then what it did."""
        self._add_run()
        for file in self._graph.files.values():
            self._add_file(file)
        plans = {e.process: e.target for e in self._graph.edges if e.kind is Joint.EXECUTES}
        for process in self._graph.processes.values():
            self._add_process(process, plans.get(process.number))
        for edge in self._graph.edges:
            if isinstance(edge.target, bytes):
                self._add_use(edge.kind, self._process(edge.process), edge.target)

    def _add_use(self, kind: Joint, process: QualifiedName, path: bytes) -> None:
        if kind is Joint.READS:
            self._document.used(process, self._before[path])
        elif kind is Joint.WRITES:
            self._document.wasGeneratedBy(self._after[path], process)

    def _add_run(self) -> None:
        run = self._described.run
        said = [(self._rpz[name], value) for name in WHY if (value := self._fact("why", name))]
        self._document.activity(
            self._run,
            self._time(0),
            self._time(None if run.end_timestamp is None else run.end_timestamp - run.timestamp),
            [
                (PROV_TYPE, self._rpz["Run"]),
                (PROV_LABEL, printable(run.label)),
                (self._rpz["folder"], printable(run.workingdir)),
                (self._rpz["host"], printable(run.hostname)),
                *said,
            ],
        )
        self._document.wasAssociatedWith(self._run, self._agent)

    def _add_process(self, process: Process, plan: bytes | int | None) -> None:
        rpz, name = self._rpz, self._process(process.number)
        argv = [word.decode("utf-8", "surrogateescape") for word in process.argv]
        attributes: list[tuple[Any, Any]] = [
            (PROV_TYPE, rpz["Process"]),
            (PROV_LABEL, printable(shlex.join(argv)) or "(a fork)"),
            *((rpz["command"], _words(command)) for command in process.commands),
        ]
        if process.status is not None:
            attributes.append((rpz["status"], process.status))
        if process.signal is not None:
            attributes.append((rpz["signal"], process.signal))
        started, ended = self._time(process.started), self._time(process.ended)
        self._document.activity(name, started, ended, attributes)
        starter = self._run if process.parent is None else self._process(process.parent)
        self._document.wasInformedBy(name, starter)
        entity = self._before.get(plan) if isinstance(plan, bytes) else None
        self._document.wasAssociatedWith(name, self._agent, entity)

    def _add_file(self, file: File) -> None:
        """Add what a file was before the run, and what it was after it."""
        if file.role in (Role.INPUT, Role.BOTH):
            self._before[file.path] = self._entity(file, file.before, "before")
        if file.role is Role.INPUT:
            return
        when = "temporary" if file.role is Role.TEMPORARY else "after"
        self._after[file.path] = after = self._entity(file, file.after, when)
        before = self._before.setdefault(file.path, after)
        if before != after:
            self._document.wasRevisionOf(after, before)

    def _entity(self, file: File, content: Content | None, when: str) -> QualifiedName:
        rpz = self._rpz
        attributes: list[tuple[Any, Any]] = [
            (PROV_TYPE, rpz["File"]),
            (PROV_LABEL, printable(file.path)),
            (PROV_LOCATION, in_url(file.path)),
        ]
        if content is None:
            name = self._own[f"{when}{in_url(file.path)}"]
        else:
            name = self._content[content_name(file.path, content)]
            attributes += [(rpz["sha256"], content.sha256), (rpz["size"], content.size)]
        if not self._document.get_record(name):
            self._document.entity(name, attributes)
            if file.package is not None:
                self._document.hadMember(self._package(file.package), name)
        return name

    def _package(self, package: Package) -> QualifiedName:
        known = package.purl.startswith(PACKAGE)
        own = f"package/{in_url(package.name)}/{in_url(package.version)}"
        name = self._pkg[package.purl[len(PACKAGE) :]] if known else self._own[own]
        if not self._document.get_record(name):
            label = printable(f"{package.name} {package.version}")
            types = [(PROV_TYPE, PROV["Collection"]), (PROV_TYPE, self._rpz["Package"])]
            self._document.entity(name, [*types, (PROV_LABEL, label)])
        return name

    def _person(self) -> QualifiedName:
        url, name = self._described.person
        prefix = "orcid" if "orcid" in url else "user"
        agent: QualifiedName = self._document.add_namespace(prefix, url)[name]
        if not self._document.get_record(agent):
            names = [("who", "name"), ("who", "git name"), ("who", "user")]
            label = next(filter(None, (self._fact(*one) for one in names)), name)
            self._document.agent(agent, [(PROV_TYPE, PROV["Person"]), (PROV_LABEL, label)])
        return agent

    def _process(self, number: int) -> QualifiedName:
        return self._own[f"process-{number}"]

    def _fact(self, topic: str, name: str) -> str:
        return printable(self._described.fact(topic, name))

    def _time(self, since: int | None) -> datetime | None:
        """Return the wall clock some nanoseconds after the run began, if that was recorded."""
        if since is None or not self._described.run.started:
            return None
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        return epoch + timedelta(microseconds=(self._described.run.started + since) // 1000)


def _words(command: tuple[bytes, ...]) -> str:
    """Return a command as a list in JSON; bytes that are no UTF-8 are lone surrogates there."""
    return json.dumps([word.decode("utf-8", "surrogateescape") for word in command])
