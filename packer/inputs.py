"""Name what a person would call the inputs and the outputs of the runs."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer import prefixes
from rpz.packer.config.model import PLAIN_INPUT_OUTPUT, InputOutput
from rpz.packer.names import short_names
from rpz.packer.rows import kept
from rpz.packer.select import Kind
from rpz.packer.tree import NONE
from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rpz.packer.select import Selection
    from rpz.packer.tree import Content, Tree
    from rpz.tracer.rows import RunRow


@dataclass(slots=True)
class _Uses:
    """Which runs read and wrote a path."""

    read_by: frozenset[int] = NONE
    written_by: frozenset[int] = NONE


@dataclass(frozen=True)
class Judge:
    """Tells a person's files from the machine's; ``named`` are those in the runs' arguments."""

    named: frozenset[bytes]
    workingdirs: tuple[bytes, ...]

    def is_input(self, path: bytes, source: bytes) -> bool:
        """Whether a file that was only read, or read first, is an input."""
        return path in self.named or (self._is_data(path) and not prefixes.is_program(source))

    def is_output(self, path: bytes) -> bool:
        """Whether a file that was written is an output."""
        return path in self.named or self._is_data(path)

    def _is_data(self, path: bytes) -> bool:
        return not (
            prefixes.is_system(path)
            or all(prefixes.is_hidden(path, w) for w in self.workingdirs)
            or prefixes.is_installed(path)
        )


def inputs_outputs(
    tree: Tree, selection: Selection, runs: Iterable[RunRow]
) -> Sequence[InputOutput]:
    """Return the inputs and outputs of all runs, sorted by path."""
    rows = list(runs)
    named = {path for run in rows for path in named_paths(run)}
    judge = Judge(
        named=frozenset(named | {tree.real_path(path) for path in named}),
        workingdirs=tuple({run.workingdir: None for run in rows}),
    )
    uses: dict[bytes, _Uses] = {}
    _add_inputs(uses, tree, selection, judge)
    _add_outputs(uses, tree, judge)
    names = short_names(uses)
    found = (
        InputOutput(
            names[path],
            PosixPath(path),
            tuple(sorted(uses[path].read_by)),
            tuple(sorted(uses[path].written_by)),
        )
        for path in sorted(uses)
    )
    return kept(found, *PLAIN_INPUT_OUTPUT)


def named_paths(run: RunRow) -> Iterable[bytes]:
    """Yield the paths that a run's arguments may stand for."""
    for argument in items_of(run.argv)[1:]:
        for word in {argument, argument.partition(b"=")[2]}:
            if word:
                yield posixpath.normpath(posixpath.join(run.workingdir, word))


def _add_inputs(uses: dict[bytes, _Uses], tree: Tree, selection: Selection, judge: Judge) -> None:
    needed = selection.by_path
    plain = ((c.origin, c.read_by) for c in tree.plain(only_read=True))
    others = ((c.origin, c.read_by) for c in tree.contents if c.was_read and not c.executed)
    for origin, read_by in chain(plain, others):
        item = None if origin is None else needed.get(origin)
        if item is None or item.kind is not Kind.FILE or item.source is None:
            continue
        if judge.is_input(item.path, item.source):
            uses.setdefault(item.path, _Uses()).read_by |= read_by


def _add_outputs(uses: dict[bytes, _Uses], tree: Tree, judge: Judge) -> None:
    for path, node in tree.names():
        content = node.content
        if content is None or not (written_by := content.written_by | node.placed_by):
            continue
        if not _is_file(path) or not judge.is_output(path):
            continue
        use = uses.setdefault(path, _Uses())
        use.written_by |= written_by
        use.read_by |= _readers(content)


def _readers(content: Content) -> frozenset[int]:
    """Return the runs that read what an earlier run, or the same before, has written."""
    if not content.is_own:
        return content.read_by
    first = min(content.written_by, default=0)
    return frozenset(run for run in content.read_by if run > first)


def _is_file(path: bytes) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
