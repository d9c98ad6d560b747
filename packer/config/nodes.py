"""Take typed values out of a file's nodes, and say where a wrong one stands."""

from __future__ import annotations

import base64
import contextlib
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import yaml
from rpaths import PosixPath

from rpz.packer.config.compose import LIST, MAPPING, SCALAR, Node, compose
from rpz.packer.config.faults import (
    TAG,
    ConfigError,
    check_text,
    found,
    position,
    to_text,
    why_not_yaml,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT_KINDS = ("str", "int", "float", "bool", "timestamp", "value", "merge")
TEXT_TAGS = tuple(TAG + kind for kind in TEXT_KINDS)
"""What a person who left out the quotes may have written, meaning text: ``12``, ``yes``, ``<<``."""

NUMBER = re.compile("0|[1-9][0-9]{0,17}")
"""Not ``010``, which is eight to YAML 1.1 and ten to a person."""


@dataclass(frozen=True)
class Source:
    """The file that nodes come from, for messages.

    ``strict``: a person has written in it just now, so that what is odd is rather a mistake.
    """

    name: str
    strict: bool = False

    def compose(self, file: IO[bytes]) -> Node | None:
        """Parse the file, which can be read twice; None when there is nothing in it.

        Raises:
            ConfigError: it is not YAML, or has a merge's markers in it.

        """
        check_text(self.name, file)
        try:
            return compose(to_text(file))
        except (yaml.YAMLError, RecursionError) as error:
            where, problem = why_not_yaml(to_text(file).read().decode(), error)
            raise ConfigError(f"{self.name}{where}: {problem}") from None

    def error(self, node: Node, expected: str) -> ConfigError:
        """Return the error that says what should stand where a node is."""
        return self.wrong(node, f"expected {expected}, found {found(node)}")

    def wrong(self, node: Node, problem: str) -> ConfigError:
        """Return the error that says what is wrong with a node."""
        return ConfigError(f"{self.place(node)}: {problem}")

    def place(self, node: Node) -> str:
        """Return where a node stands, for a message."""
        return f"{self.name}{position(node.line, node.column)}"

    def mapping(self, node: Node, what: str) -> dict[str, Node]:
        """Return a mapping's values by key."""
        known: dict[str, Node] = {}
        keys = self.keys(node, what)
        for (key, key_node), (_, value) in zip(keys, node.value, strict=True):
            if key in known:
                line = known[key].line + 1
                raise self.wrong(
                    key_node, f"the key {key!r} is here twice, first in line {line}: keep one only"
                )
            known[key] = value
        return known

    def keys(self, node: Node, what: str) -> list[tuple[str, Node]]:
        """Return a mapping's keys with their nodes."""
        if node.kind != MAPPING:
            raise self.error(node, what)
        return [(self.text(key, "a key"), key) for key, _ in node.value]

    def items(self, node: Node | None, what: str) -> Iterator[Node]:
        """Yield the elements of a list; an empty section is an empty list."""
        if node is None or self.is_empty(node):
            return
        if node.kind != LIST:
            raise self.error(node, what)
        yield from node.value

    def is_empty(self, node: Node) -> bool:
        """Whether there is nothing behind a key, or ``null``."""
        return bool(node.tag == TAG + "null")

    def text(self, node: Node, what: str) -> str:
        """Return text, with bytes that are not UTF-8 as lone surrogates."""
        if node.kind == SCALAR and node.tag in TEXT_TAGS:
            text = str(node.value)
        else:
            text = self._bytes(node, what).decode("utf-8", "surrogateescape")
        if "\0" in text:
            raise self.error(node, f"{what}, without a NUL character")
        return text

    def path(self, node: Node, what: str) -> PosixPath:
        """Return an absolute path."""
        written = self.text(node, what)
        if not written.startswith("/"):
            raise self.error(node, f"{what} (an absolute path)")
        if self.strict and ".." in written.split("/"):
            raise self.error(node, f"{what} (a path without ..)")
        return PosixPath("/" + written.lstrip("/"))

    def integer(self, node: Node, what: str) -> int:
        """Return a number, zero or greater."""
        if node.kind == SCALAR and node.tag == TAG + "int" and NUMBER.fullmatch(node.value):
            return int(node.value)
        raise self.error(node, what)

    def boolean(self, node: Node, what: str) -> bool:
        """Return a yes or no."""
        if node.kind == SCALAR and node.tag == TAG + "bool":
            return node.value.lower() in ("true", "yes", "on")
        raise self.error(node, what)

    def _bytes(self, node: Node, what: str) -> bytes:
        if node.kind == SCALAR and node.tag == TAG + "binary":
            with contextlib.suppress(ValueError):
                return base64.b64decode(node.value)
            what += " in base64"
        raise self.error(node, what)
