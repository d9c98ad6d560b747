"""One of two runs that are compared."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rpz.provenance.files import USED, files
from rpz.provenance.processes import processes
from rpz.provenance.reprozip import ENGINE
from rpz.tracer.facts import facts_of
from rpz.tracer.fields import variables_of
from rpz.tracer.rows import ExecutionRow, FileRow, ProcessRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.provenance.files import File
    from rpz.provenance.held import Held
    from rpz.provenance.installed import Installed
    from rpz.provenance.processes import Process
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import FactRow, RunRow

TEMPORARY = re.compile(
    rb"(?<=/)(tmp[._-]?|temp|cc|pytest-|rust|npm-|R\w*tmp)?[A-Za-z0-9_]{6,10}(?=[/.]|$)"
    rb"|(?<=[._-])\d{3,}(?=[/.]|$)"
)
NUMBER = re.compile(rb"(?<![^._/-])\d{2,9}(?![^._/-])")
"""A number that stands alone in a name."""
TEMPORARY_FOLDERS = (b"/tmp/", b"/var/tmp/", b"/dev/shm/")
IN_AN_ARGUMENT = re.compile(rb"(?<=[\s=:,;'\"(@])(?:/var/tmp|/tmp|/dev/shm)/[^\s=:,;'\")]+")
"""A path there, as in gcc's ``-plugin-opt=-fresolution=/tmp/ccQjfvKD.res``."""
VOLATILE = (b"/proc/", b"/sys/", b"/dev/", b"/run/")
"""Folders whose files are other ones each time."""
CACHES = re.compile(
    rb"/__pycache__/|\.pyc$|/\.cache/|^/etc/ld\.so\.cache$|/\.git/|/fontlist-\w+\.json$"
)
"""Files that say again what others say."""


@dataclass(frozen=True)
class Side:
    """A run; ``maps`` are folders that are called otherwise in the other run, and how there.

    ``shared`` are names that files have in both: they are no random ones. ``gaps`` says what nobody
    recorded of it. ``held`` finds the content of files of both runs.
    """

    database: TraceDatabase
    run: RunRow
    packages: Sequence[Installed]
    maps: Sequence[tuple[bytes, bytes]] = ()
    shared: frozenset[bytes] = frozenset()
    gaps: tuple[str, ...] = ()
    held: Held | None = None

    @cached_property
    def facts(self) -> list[FactRow]:
        """What its record says."""
        return facts_of(self.database, self.run.id)

    @property
    def has_record(self) -> bool:
        """Whether more is known of it than what it did."""
        return bool(self.facts)

    @cached_property
    def tells_outputs(self) -> bool:
        """Whether its trace tells what it has left, and not only that it wrote it."""
        held = any(file.before or file.after for file in self.files.values())
        return held and self.run.engine != ENGINE

    def topic(self, topic: str) -> list[FactRow]:
        """Return the facts of a topic."""
        return [fact for fact in self.facts if fact.topic == topic]

    @cached_property
    def environ(self) -> dict[bytes, bytes]:
        """The variables that the command was started with."""
        first = next(self.database.rows(ExecutionRow, "run_id = ?", self.run.id), None)
        return variables_of(first.envp) if first is not None else {}

    @cached_property
    def files(self) -> dict[bytes, File]:
        """What it read and wrote and isn't volatile, by paths as the other run has them."""
        found = [
            file
            for file in files(self.database, self.run.id)
            if not file.path.startswith(VOLATILE) and not CACHES.search(file.path)
        ]
        names = [self._path(file) for file in found]
        times = Counter(names)  # what would be another's name, too, is no random one
        return {
            name if times[name] == 1 else self.renamed(file.path): file
            for name, file in zip(names, found, strict=True)
        }

    @property
    def names(self) -> frozenset[bytes]:
        """The names of its files, as the other run has them."""
        rows = self.database.distinct(FileRow, "name", f"run_id = {self.run.id} AND {USED}")
        return frozenset(self.renamed(name) for (name,) in rows)

    def _path(self, file: File) -> bytes:
        name = self._name(file.path)
        return self.without_numbers(name) if file.made and name not in self.shared else name

    def _name(self, path: bytes) -> bytes:
        name = self.renamed(path)
        return name if name in self.shared else without_random_parts(name)

    @cached_property
    def processes(self) -> list[Process]:
        """The roots of its processes."""
        return processes(self.database, self.run.id)

    @cached_property
    def owners(self) -> dict[bytes, Installed]:
        """The packages of its files, by their paths as the other run has them."""
        return {self._name(path): package for package in self.packages for path in package.files}

    def mapped(self, text: bytes) -> bytes:
        """Return a path, or text with paths in it, as the other run would have it.

        Random names in it are ``*``.
        """
        return without_random_parts(self.renamed(text))

    def renamed(self, text: bytes) -> bytes:
        """Return a path, or text with paths in it, with the folders of the other run."""
        for ours, theirs in self.maps:
            text = re.sub(re.escape(ours) + rb"(?![\w.-])", theirs.replace(b"\\", rb"\\"), text)
        return text

    def without_numbers(self, text: bytes) -> bytes:
        """Return text in which numbers of the run's processes are ``*``."""
        return NUMBER.sub(lambda n: b"*" if int(n[0]) in self._tids else n[0], text)

    @cached_property
    def _tids(self) -> set[int]:
        found = self.database.rows(ProcessRow, "run_id = ?", self.run.id)
        return {row.tid for row in found}

    def home(self) -> bytes:
        """Return the home folder of its user, b"" if it isn't known."""
        return self.environ.get(b"HOME", b"").rstrip(b"/")


def without_random_parts(path: bytes) -> bytes:
    """Return a path, or text with some, in which random names of temporary files are ``*``."""
    for folder in TEMPORARY_FOLDERS:
        if path.startswith(folder):
            return folder + TEMPORARY.sub(_star, path[len(folder) - 1 :])[1:]
    return IN_AN_ARGUMENT.sub(lambda found: without_random_parts(found[0]), path)


def _star(found: re.Match[bytes]) -> bytes:
    """Replace a name that looks made up: it has digits, or capitals in the middle."""
    name = found[0]
    made_up = re.search(rb"\d", name) or re.search(rb"[a-z][A-Z]|[A-Z]{2}", name)
    return (found[1] or b"") + b"*" if made_up else name
