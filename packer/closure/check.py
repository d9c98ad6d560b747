"""Check that what a pack starts and loads is in the pack, and complete it from this machine."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.packer.closure.elf import Elf
from rpz.packer.closure.headers import Script, read_header
from rpz.packer.closure.homes import home_of
from rpz.packer.closure.loader import BUILT_IN, Loader, own_folders
from rpz.packer.closure.places import Machine, Packed, Trail, follow, is_code

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from typing import TypeAlias

    from rpz.packer.closure.facts import Facts
    from rpz.packer.closure.places import Places

    Find: TypeAlias = Callable[[Places, Loader], Trail | None]
    """What looks for one file, in the pack or on this machine."""

NATIVE = {
    "x86_64": ("EM_X86_64", "EM_386"),
    "i686": ("EM_386",),
    "aarch64": ("EM_AARCH64", "EM_ARM"),
}
"""What the processors of a kind run, by ``uname -m``; others are known by their one machine."""


@dataclass(frozen=True)
class Missing:
    """A library or an interpreter that isn't in the pack, and one of those that need it.

    ``is_left_out``: it is on this machine, and ``config.yml`` doesn't list it. ``was_missed``: a
    run has needed it, or a person has asked for what needs it; else the runs did without it.
    """

    name: bytes
    by: bytes
    is_left_out: bool
    was_missed: bool


@dataclass
class Closure:
    """What the check has found: ``added`` are paths of this machine that the pack needs, too."""

    added: dict[bytes, None] = field(default_factory=dict)
    missing: dict[bytes, Missing] = field(default_factory=dict)
    foreign: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """What to check: the pack, the paths in it that the runs ``used``.

    ``is_withheld`` tells what is not to be added: a person or a rule has taken it out.
    ``architectures`` are the runs', as ``uname -m`` has them; ``is_packed`` tells of any path.
    """

    packed: Packed
    used: AbstractSet[bytes]
    is_withheld: Callable[[bytes], bool]
    architectures: Collection[str]
    is_packed: Callable[[bytes], bool]


def check(question: Question, facts: Facts) -> Closure:
    """Look for every library and interpreter that something in the pack names.

    What the runs used can't lack a library that they had: there the trace is right. What a person
    or a package has added is completed.
    """
    read_header.cache_clear()  # a file may have changed since another check
    return _Check(question, facts).closure()


class _Check:
    def __init__(self, question: Question, facts: Facts) -> None:
        self._question = question
        self._packed = question.packed
        self._machine = Machine()
        self._inside = Loader(self._packed, facts.library_folders)
        self._outside = Loader(self._machine, facts.library_folders)
        found = (follow(self._packed, path) for path in facts.executed)
        self._executed = {trail.real for trail in found if trail}
        self._machines = {m for a in question.architectures for m in NATIVE.get(a, ())}
        self._loaded: set[tuple[object, bytes]] = set()
        self._folders = _folders_of_links(self._packed)
        self._closure = Closure()

    def closure(self) -> Closure:
        self._learn()
        self._follow_links()
        left = sorted(self._packed.files)
        while left:
            path = left.pop()
            before = set(self._closure.added)
            self._check(path)
            left += [p for p in self._closure.added if p not in before and p in self._packed.files]
        return self._closure

    def _learn(self) -> None:
        """Note what may serve others once it is loaded: its name, its list of folders."""
        for path, source in self._packed.files.items():
            header = read_header(source)
            if not isinstance(header, Elf):
                continue
            if path in self._question.used:
                names = (path.rpartition(b"/")[2], header.soname or b"")
                self._loaded |= {(header.kind, name) for name in names}
            if header.rpath and header.runpath is None:
                inherited = dict.fromkeys(own_folders(header, self._origins(path)))
                self._inside.inherited |= inherited
                self._outside.inherited |= inherited

    def _follow_links(self) -> None:
        """Add the programs that links lead to which were added: a run's own it has followed."""
        for link in sorted(self._packed.links.keys() - self._question.used):
            trail = follow(self._machine, link)
            if (
                trail is not None
                and follow(self._packed, link) is None
                and not any(map(self._question.is_withheld, _all(trail)))
                and is_code(trail.real)
            ):
                self._add(trail)

    def _origins(self, path: bytes) -> tuple[bytes, ...]:
        return (os.path.dirname(path), *self._folders.get(path, ()))

    def _check(self, path: bytes) -> None:
        header = read_header(self._packed.files[path])
        if isinstance(header, Script):
            self._check_script(path, header)
        elif header is not None:
            self._check_elf(path, header)
            self._check_home(path)

    def _check_script(self, path: bytes, script: Script) -> None:
        if path in self._executed and script.interpreter.startswith(b"/"):
            self._require(script.interpreter, path, _path(script.interpreter))

    def _check_elf(self, path: bytes, elf: Elf) -> None:
        if self._is_foreign(elf):
            self._closure.foreign.append(path)
            return
        if elf.interpreter is not None:
            self._require(elf.interpreter, path, _path(elf.interpreter))
        origins = self._origins(path)
        for name in elf.needed:
            if not BUILT_IN.match(name):
                is_there = (elf.kind, name) in self._loaded
                self._require(name, path, _search(name, elf, origins), is_there=is_there)

    def _check_home(self, path: bytes) -> None:
        """Miss an interpreter's modules: which of them it will need, nobody knows."""
        home = home_of(path)
        if home is None or path in self._question.used or self._question.is_packed(home):
            return
        if self._machine.source(home) is not None and not self._packed.is_made(home):
            self._miss(Missing(home, path, is_left_out=True, was_missed=True))

    def _is_foreign(self, elf: Elf) -> bool:
        return bool(self._machines) and elf.kind.machine not in self._machines

    def _require(
        self,
        name: bytes,
        by: bytes,
        find: Find,
        *,
        is_there: bool = False,
    ) -> None:
        """See to it that something is in the pack, or note that it is missing."""
        if find(self._packed, self._inside) is not None:
            return
        trail = find(self._machine, self._outside)
        only_read = by in self._question.used and by not in self._executed
        if trail is not None and any(map(self._question.is_withheld, _all(trail))):
            self._miss(Missing(trail.real, by, is_left_out=True, was_missed=True))
        elif is_there:
            return
        elif trail is None or only_read:
            self._miss(Missing(name, by, is_left_out=False, was_missed=not only_read))
        else:
            self._add(trail)

    def _miss(self, missing: Missing) -> None:
        self._closure.missing.setdefault(missing.name, missing)

    def _add(self, trail: Trail) -> None:
        new = (path for path in _all(trail) if not self._packed.has(path))
        self._closure.added |= dict.fromkeys(new)
        self._packed.add(trail)
        self._inside.forget()


def _path(path: bytes) -> Find:
    return lambda places, _: follow(places, path)


def _search(name: bytes, elf: Elf, origins: Sequence[bytes]) -> Find:
    return lambda _, loader: loader.find(name, elf, origins)


def _all(trail: Trail) -> Iterable[bytes]:
    return (*trail.links, trail.real)


def _folders_of_links(packed: Packed) -> dict[bytes, list[bytes]]:
    """Return by file the folders of the links that lead to it: by such a name it may be loaded."""
    folders: dict[bytes, list[bytes]] = defaultdict(list)
    for link in packed.links:
        if (trail := follow(packed, link)) is not None:
            folders[trail.real] += map(os.path.dirname, trail.links)
    return folders
