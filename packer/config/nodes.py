"""Take typed values out of YAML's nodes, and say where a wrong one stands."""

from __future__ import annotations

import base64
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from rpaths import PosixPath

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

TAG = "tag:yaml.org,2002:"
TEXT_TAGS = tuple(TAG + kind for kind in ("str", "int", "float", "bool", "timestamp"))
"""What a person who left out the quotes may have written, meaning text."""

NUMBER = re.compile("[0-9]{1,18}")


class ConfigError(RpzError):
    """``config.yml`` can't be read, or doesn't say what it must."""


@dataclass(frozen=True)
class Source:
    """The file that nodes come from, for messages."""

    name: str

    def compose(self, data: bytes) -> yaml.Node | None:
        """Parse the file; return its root, None when there is nothing in it.

        Raises:
            ConfigError: it is not YAML.

        """
        try:
            node: yaml.Node | None = yaml.compose(data.decode(), Loader=LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._error(mark, f"not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            words = str(error).splitlines()[0] if str(error) else "nested too deeply"
            raise self._error(None, f"not YAML: {words}") from None
        return node

    def error(self, node: yaml.Node, expected: str) -> ConfigError:
        """Return the error that says what should stand where a node is."""
        return self._error(node.start_mark, f"expected {expected}")

    def place(self, node: yaml.Node) -> str:
        """Return where a node stands, for a message."""
        return self._at(node.start_mark)

    def mapping(self, node: yaml.Node, what: str) -> dict[str, yaml.Node]:
        """Return a mapping's values by key."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, what)
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node, "a key")
            if key in found:
                raise self.error(key_node, f"the key {key!r} only once")
            found[key] = value
        return found

    def items(self, node: yaml.Node | None, what: str) -> Iterator[yaml.Node]:
        """Yield the elements of a list; an empty section is an empty list."""
        if node is None or node.tag == TAG + "null":
            return
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, what)
        yield from node.value

    def text(self, node: yaml.Node, what: str) -> str:
        """Return text, with bytes that are not UTF-8 as lone surrogates."""
        if isinstance(node, yaml.ScalarNode) and node.tag in TEXT_TAGS:
            found = str(node.value)
        else:
            found = self._bytes(node, what).decode("utf-8", "surrogateescape")
        if "\0" in found:
            raise self.error(node, f"{what}, without a NUL character")
        return found

    def path(self, node: yaml.Node, what: str) -> PosixPath:
        """Return an absolute path."""
        written = self.text(node, what)
        if not written.startswith("/"):
            raise self.error(node, f"{what} (an absolute path)")
        return PosixPath("/" + written.lstrip("/"))

    def integer(self, node: yaml.Node, what: str) -> int:
        """Return a number, zero or greater."""
        if (
            isinstance(node, yaml.ScalarNode)
            and node.tag == TAG + "int"
            and NUMBER.fullmatch(node.value)
        ):
            return int(node.value)
        raise self.error(node, what)

    def boolean(self, node: yaml.Node, what: str) -> bool:
        """Return a yes or no."""
        if isinstance(node, yaml.ScalarNode) and node.tag == TAG + "bool":
            return node.value.lower() in ("true", "yes", "on")
        raise self.error(node, what)

    def _bytes(self, node: yaml.Node, what: str) -> bytes:
        if isinstance(node, yaml.ScalarNode) and node.tag == TAG + "binary":
            with contextlib.suppress(ValueError):
                return base64.b64decode(node.value)
            what += " in base64"
        raise self.error(node, what)

    def _error(self, mark: yaml.Mark | None, problem: str) -> ConfigError:
        return ConfigError(
            f"{self._at(mark)}: {problem}", "Correct it, or write it anew from the trace: rpz reset"
        )

    def _at(self, mark: yaml.Mark | None) -> str:
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}" if mark else self.name
