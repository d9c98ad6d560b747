"""YAML as nodes that know where they stand, of which long lists are put aside on the disk."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, NamedTuple

import yaml
from yaml import events

from rpz.packer.rows import BATCH, Aside, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SCALAR, LIST, MAPPING = "scalar", "list", "mapping"
"""Kinds of nodes."""


class Node(NamedTuple):
    """A value in a file, and its line and column there, both counted from 0.

    ``value`` is a scalar's text, a list's nodes or a mapping's pairs of nodes.
    """

    kind: str
    tag: str
    value: Any
    line: int
    column: int


def compose(file: IO[bytes]) -> Node | None:
    """Parse a file of one document; return its root, None when there is nothing in it.

    Raises:
        YAMLError: it is not YAML.
        RecursionError: it is nested too deeply.

    """
    loader = LOADER(file)
    try:
        return _Composer(loader).document()
    finally:
        loader.dispose()


class _Composer:
    """Does what yaml.composer does, but that it keeps neither styles nor where things end."""

    def __init__(self, loader: Any) -> None:
        self._next = loader.get_event
        self._resolve = loader.resolve
        self._anchors: dict[str, tuple[Node, yaml.Mark]] = {}
        self._aside = Aside()

    def document(self) -> Node | None:
        self._next()  # the beginning of the stream
        begin = self._next()
        if isinstance(begin, events.StreamEndEvent):
            return None
        root = self._node(self._next())
        self._next()  # the end of the document
        if not isinstance(event := self._next(), events.StreamEndEvent):
            raise yaml.composer.ComposerError(
                "expected a single document in the stream",
                yaml.Mark("", 0, root.line, root.column, None, 0),
                "but found another document",
                event.start_mark,
            )
        return root

    def _node(self, event: Any) -> Node:
        mark = event.start_mark
        if isinstance(event, events.ScalarEvent):
            tag = event.tag
            if tag is None or tag == "!":
                tag = self._resolve(yaml.ScalarNode, event.value, event.implicit)
            node = Node(SCALAR, tag, event.value, mark.line, mark.column)
            return self._anchored(event, node) if event.anchor is not None else node
        if isinstance(event, events.AliasEvent):
            if event.anchor not in self._anchors:
                raise yaml.composer.ComposerError(None, None, "found undefined alias", mark)
            return self._anchors[event.anchor][0]
        if isinstance(event, events.SequenceStartEvent):
            return self._list(event)
        return self._mapping(event)

    def _anchored(self, event: Any, node: Node) -> Node:
        if event.anchor in self._anchors:
            raise yaml.composer.ComposerError(
                "found duplicate anchor; first occurrence",
                self._anchors[event.anchor][1],
                "second occurrence",
                event.start_mark,
            )
        self._anchors[event.anchor] = node, event.start_mark
        return node

    def _list(self, event: Any) -> Node:
        elements: list[Node] = []
        node = self._begun(LIST, yaml.SequenceNode, event, elements)
        while not isinstance(inner := self._next(), events.SequenceEndEvent):
            elements.append(self._node(inner))
            if len(elements) == BATCH and not self._anchors:
                break
        else:
            return node
        # A node that another stands for is one object, and may even be in itself
        return node._replace(value=self._rest(elements))

    def _rest(self, elements: list[Node]) -> Sequence[Node]:
        rows = self._rows()
        rows.extend(elements)
        while not isinstance(inner := self._next(), events.SequenceEndEvent):
            rows.append(self._node(inner))
        return rows

    def _rows(self) -> Rows[Node]:
        return Rows(_plain, self._again, self._aside)

    def _again(self, plain: tuple[Any, ...]) -> Node:
        """Return what :func:`_plain` was given."""
        kind, tag, value, line, column = plain
        if isinstance(value, tuple):
            rows = self._rows()
            rows.parts = value
            value = rows
        elif kind == LIST:
            value = list(map(self._again, value))
        elif kind == MAPPING:
            value = [(self._again(key), self._again(inner)) for key, inner in value]
        return Node(kind, tag, value, line, column)

    def _mapping(self, event: Any) -> Node:
        pairs: list[tuple[Node, Node]] = []
        node = self._begun(MAPPING, yaml.MappingNode, event, pairs)
        while not isinstance(key := self._next(), events.MappingEndEvent):
            pairs.append((self._node(key), self._node(self._next())))
        return node

    def _begun(self, kind: str, of: type, event: Any, value: list[Any]) -> Node:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolve(of, None, event.implicit)
        mark = event.start_mark
        node = Node(kind, tag, value, mark.line, mark.column)
        return self._anchored(event, node) if event.anchor is not None else node


def _plain(node: Node) -> tuple[Any, ...]:
    """Return a node as values that can be put aside."""
    kind, tag, value, line, column = node
    if isinstance(value, Rows):
        value = value.parts
    elif kind == LIST:
        value = list(map(_plain, value))
    elif kind == MAPPING:
        value = [(_plain(key), _plain(inner)) for key, inner in value]
    return kind, tag, value, line, column
