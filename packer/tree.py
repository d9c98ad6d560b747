"""The names that a run saw and gave, followed through renames, links and removals.

A name is a node; what the name stands for is a :class:`Content`, shared by hard links. Both know
their ``origin``: the path that they had before the first run, or None when a run made them.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rpz.packer.before import Before, Inodes
from rpz.packer.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rpz.tracer.rows import SnapshotRow

MAX_LINKS = 40
"""Symbolic links that the kernel follows in one path (path_resolution(7))."""


NONE: frozenset[int] = frozenset()
"""No runs: most things are used by one, so that a set for each would be most of a long trace."""


@dataclass(eq=False, slots=True)
class Content:
    """A file, folder or symbolic link, and what the runs did with it.

    ``needed``: a replay must find it. ``was_read``: its bytes matter, not only that it exists.
    ``changed``: a run wrote in it; ``discarded``: a run truncated it, so that all its bytes come
    from the runs. ``before``: what was kept of it before that. ``appeared``: it came during a run,
    and none of the traced processes made it.
    """

    origin: bytes | None
    first_run: int = 0
    needed: bool = False
    was_read: bool = False
    changed: bool = False
    discarded: bool = False
    executed: bool = False
    is_directory: bool = False
    is_socket: bool = False
    appeared: bool = False
    target: bytes | None = None
    before: Before | None = None
    read_by: frozenset[int] = NONE
    written_by: frozenset[int] = NONE

    def take_in(self, other: Plain) -> None:
        """Take in what else was done with the same file: it was used as it was before the runs."""
        self.first_run = min(self.first_run, other.first_run)
        self.needed = True
        self.was_read |= bool(other.read_by)
        self.is_directory |= other.is_directory
        self.read_by |= other.read_by

    @property
    def is_own(self) -> bool:
        """Whether what is in it comes from the runs, so that a replay makes it again."""
        return self.origin is None or self.discarded


class Plain(NamedTuple):
    """What a :class:`Content` of which the runs did nothing but look at it and read it would be.

    There are so many that they are tuples.
    """

    origin: bytes
    first_run: int
    is_directory: bool
    read_by: frozenset[int]

    def whole(self) -> Content:
        """Return all that is known of it."""
        return Content(
            self.origin,
            self.first_run,
            needed=True,
            was_read=bool(self.read_by),
            is_directory=self.is_directory,
            read_by=self.read_by,
        )


@dataclass(eq=False, slots=True)
class Node:
    """One name in one folder; ``placed_by`` are the runs that moved something to this name."""

    origin: bytes | None
    children: dict[bytes, Node] = field(default_factory=dict)
    content: Content | None = None
    placed_by: frozenset[int] = NONE


class Tree:
    """All names that the runs touched, as they are at this point of the trace.

    ``run`` is the number of the run that acts; :func:`rpz.packer.history.history` sets it.
    """

    def __init__(self, plain: Callable[..., Iterable[Plain]] = tuple) -> None:
        """Start with the file system as it was: every name is its own origin.

        ``plain`` gives the files that the runs only used as they were (:mod:`rpz.packer.plain`);
        with ``only_read``, those that were read.
        """
        self._plain = plain
        self._root = Node(b"/")
        self._folders: dict[bytes, Node] = {}
        self.run = 0
        self.contents: list[Content] = []
        self.kept = Inodes()
        self.seen = Seen()

    def at(self, path: bytes) -> Content:
        """Return what a path stands for now."""
        return self._content(self._node(path))

    def keep(self, row: SnapshotRow) -> None:
        """Tell what the file of a name is before a run changes it."""
        content = self.at(row.name)
        if content.origin is None or any(run < row.run_id for run in content.written_by):
            return  # an earlier run has changed it: that is too late
        if self.seen.contradicts(row):
            return
        content.before = self.kept.add(row, content.before)

    def make(self, path: bytes) -> Content:
        """Return the new, empty thing that a run has made at a path."""
        node = Node(None)
        self._put(path, node)
        return self._content(node)

    def remove(self, path: bytes) -> None:
        """Take a name away: what is found there later, a run has made."""
        self._put(path, Node(None))

    def rename(self, old: bytes, new: bytes) -> None:
        """Move a name with all that is under it, over what was at ``new``."""
        node = self._node(old)
        self._put(old, Node(None))
        self._place(new, node)

    def exchange(self, one: bytes, other: bytes) -> None:
        """Swap two names; nothing, if one is below the other, which no kernel does (EINVAL)."""
        if one.startswith(other + b"/") or other.startswith(one + b"/"):
            return
        node = self._node(one)
        self._place(one, self._node(other))
        self._place(other, node)

    def link(self, old: bytes, new: bytes) -> None:
        """Give a file a second name."""
        node = self._node(old)
        self._place(new, Node(node.origin, content=self._content(node)))

    def real_path(self, path: bytes) -> bytes:
        """Follow the symbolic links that are known in a path, its last component included."""
        for _ in range(MAX_LINKS):
            followed = self._follow_first_link(path)
            if followed is None:
                break
            path = followed
        return path

    def plain(self, *, only_read: bool = False) -> Iterator[Plain]:
        """Yield the files that aren't in the tree; tell those that are what else was done."""
        known = {content.origin: content for content in self.contents}
        for found in self._plain(only_read=True) if only_read else self._plain():
            if (content := known.get(found.origin)) is None:
                yield found
            elif not content.is_own:
                content.take_in(found)

    def names(self) -> Iterator[tuple[bytes, Node]]:
        """Yield every name that there is now and that stands for something touched."""
        stack = [(b"", self._root)]
        while stack:
            path, node = stack.pop()
            if node.content is not None:
                yield path or b"/", node
            if node.children:
                stack += [(path + b"/" + name, child) for name, child in node.children.items()]

    def origins(
        self, folder: bytes, names: Iterable[bytes]
    ) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield names in a folder, each with the path that it had before the first run, if it had.

        Unlike :meth:`at` it only looks: names that nothing has used stay so.
        """
        node = self._root
        for part in _components(folder):
            node = node.children.get(part) or Node(_below(node.origin, part))
        for name in names:
            child = node.children.get(name)
            yield name, child.origin if child else _below(node.origin, name)

    def _node(self, path: bytes) -> Node:
        folder, _, name = path.rpartition(b"/")
        if not name:  # the root; never a real path else
            return self._folder(path.rstrip(b"/"))
        node = self._folders.get(folder) or self._folder(folder)
        return node.children.get(name) or _child(node, name)

    def _folder(self, path: bytes) -> Node:
        """Return a folder's node, and remember it: the names in it often come one after another."""
        node = self._root
        for name in _components(path):
            node = node.children.get(name) or _child(node, name)
        self._folders[path] = node
        return node

    def _content(self, node: Node) -> Content:
        if node.content is None:
            node.content = Content(node.origin, self.run)
            self.contents.append(node.content)
        return node.content

    def _put(self, path: bytes, node: Node) -> None:
        folder, name = path.rstrip(b"/").rsplit(b"/", 1)
        self._node(folder).children[name] = node
        self._folders.clear()

    def _place(self, path: bytes, node: Node) -> None:
        node.placed_by |= {self.run}
        self._put(path, node)

    def _follow_first_link(self, path: bytes) -> bytes | None:
        """Replace the first link of a path by its target; None when there is none."""
        node: Node | None = self._root
        names = _components(path)
        for index, name in enumerate(names):
            node = node.children.get(name) if node else None
            if node is None:
                return None
            if node.content is not None and node.content.target is not None:
                folder = b"/" + b"/".join(names[:index])
                rest = names[index + 1 :]
                return posixpath.normpath(posixpath.join(folder, node.content.target, *rest))
        return None


def _components(path: bytes) -> list[bytes]:
    return [name for name in path.split(b"/") if name]


def _child(node: Node, name: bytes) -> Node:
    """Make the node of a name in a folder, where there is none."""
    child = node.children[name] = Node(_below(node.origin, name))
    return child


def _below(folder: bytes | None, name: bytes) -> bytes | None:
    return None if folder is None else folder.rstrip(b"/") + b"/" + name
